# DWARF 2 to 5 of gcc and clang, versions mixed in one file, type units, 64-bit DWARF, Rust.

for compiler in gcc clang; do
    for version in 5 4 3 2; do
        name=$compiler-dwarf$version
        compile "$name" "$compiler" $x86 -gdwarf-$version
        linked "$name" ld $(objects "$name")
        proves "Version: +$version" readelf --debug-dump=info "$made/$name"
        proves "DW_AT_ranges" readelf --debug-dump=info "$made/$name"
        # Up to DWARF 3 clang leaves out line 0: the code that belongs to no line gets the line before it.
        answers=$compiler
        [ $compiler = gcc ] || [ $version -gt 3 ] || answers=clang-old
        case $answers-$version in
        *-5 | clang-old-3) golden $answers "$made/$name" ;;
        *) same $answers "$made/$name" ;;
        esac
        fixture "$name" golden=$answers quality=full verified="llvm gnu" about="DWARF $version of $compiler"
    done
done
proves "grind.cold" readelf -sW "$made/gcc-dwarf5"
proves "DW_FORM_rnglistx" readelf --debug-dump=abbrev "$made/clang-dwarf5"

for version in 4 5; do
    for compiler in gcc clang; do
        name=$compiler-types$version
        compile "$name" "$compiler" $x86 -gdwarf-$version -fdebug-types-section
        linked "$name" ld $(objects "$name")
        proves "signature" llvm-dwarfdump-19 --debug-info --debug-types "$made/$name"
        same $compiler "$made/$name"
        fixture "$name" golden=$compiler quality=full verified="llvm gnu" about="type units of $compiler, DWARF $version"
    done
done

compile gcc-dwarf64 gcc $x86 -gdwarf-5 -gdwarf64
linked gcc-dwarf64 ld $(objects gcc-dwarf64)
proves "64-bit" readelf --debug-dump=info "$made/gcc-dwarf64"
# GNU addr2line 2.40 finds nothing in 64-bit DWARF 5.
same gcc "$made/gcc-dwarf64" --with llvm
fixture gcc-dwarf64 golden=gcc quality=full verified=llvm about="64-bit DWARF"

# One compiler, one text; each unit in another version.
linked mixed-versions ld gcc-dwarf2-mill.o gcc-dwarf3-scale.o gcc-dwarf4-sieve.o gcc-dwarf5-bag.o
for version in 2 3 4 5; do proves "Version: +$version" readelf --debug-dump=info "$made/mixed-versions"; done
same gcc "$made/mixed-versions"
fixture mixed-versions golden=gcc quality=full verified="llvm gnu" about="units of DWARF 2, 3, 4 and 5 in one file"
