# Forms that hold less than the plain build: golden answers of their own.

compile less-g1 gcc $x86 -g1
linked gcc-g1 ld $(objects less-g1)
lacks "DW_AT_decl_line.*DW_TAG_variable" readelf --debug-dump=info "$made/gcc-g1"
golden gcc-g1 "$made/gcc-g1"
fixture gcc-g1 golden=gcc-g1 quality=full verified="llvm gnu" about="gcc -g1: functions, inlining and lines, no variables and types"

compile less-lines clang $x86 -gline-tables-only
linked clang-line-tables ld $(objects less-lines)
lacks "DW_AT_type|DW_AT_linkage_name" readelf --debug-dump=info "$made/clang-line-tables"
golden clang-line-tables "$made/clang-line-tables"
fixture clang-line-tables golden=clang-line-tables quality=full verified="llvm gnu" about="clang -gline-tables-only: bare names of inlined functions, linkage names from the symbol table"

# Symbols alone, of a plain build.
compile less-plain gcc $x86 -gdwarf-5
linked less-plain ld $(objects less-plain)
mv "$made/less-plain" plain
strip --strip-debug -o "$made/symtab-only" plain
lacks "debug_" readelf -SW "$made/symtab-only"
golden symtab-only "$made/symtab-only"
fixture symtab-only golden=symtab-only quality=symbols verified="llvm gnu" about="a symbol table and nothing else"

compile less-library gcc -fcf-protection=none -fPIC -gdwarf-5
ld -shared $layout --build-id=0x$(identity dynsym-only) -soname libmill.so.1 -o library.so $(objects less-library)
strip -o "$made/dynsym-only" library.so
lacks "\.symtab" readelf -SW "$made/dynsym-only"
golden dynsym-only "$made/dynsym-only"
fixture dynsym-only golden=dynsym-only quality=symbols verified="llvm gnu" about="dynamic symbols and nothing else"

# Fedora's: what the dynamic symbols lack, in an xz-compressed ELF file.
nm -D library.so --format=posix --defined-only | awk '{ print $1 }' | sort >dynamic
nm library.so --format=posix --defined-only | awk '$2 ~ /[Tt]/ { print $1 }' | sort >all
comm -13 dynamic all >wanted
objcopy --only-keep-debug library.so full.debug
objcopy -S --remove-section .gdb_index --remove-section .comment --keep-symbols=wanted full.debug mini
proves "FUNC +LOCAL.*grind.cold" readelf -sW mini
xz --check=crc32 -9 mini
strip -o stripped.so library.so
objcopy --add-section .gnu_debugdata=mini.xz stripped.so "$made/gnu-debugdata"
# Names of both tables are those of the whole library's symbol table; no tool at hand reads this section but gdb and libdwfl.
strip --strip-debug -o symbols.so library.so
golden gnu-debugdata symbols.so
fixture gnu-debugdata golden=gnu-debugdata quality=symbols verified="llvm gnu, on the same library with its whole symbol table" about="local symbols in .gnu_debugdata (xz)"
if command -v eu-addr2line >/dev/null; then
    address=$(nm library.so | awk '$3 == "grind.cold" { print $1 }')
    proves "grind.cold" eu-addr2line -f -e "$made/gnu-debugdata" "0x$address"
fi
