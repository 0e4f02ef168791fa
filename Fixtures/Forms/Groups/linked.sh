# What linkers do: dead and folded code, whole-program optimization, addresses, relocatable files.

sections="-ffunction-sections -fdata-sections"
compile dead5 gcc $x86 $sections -gdwarf-5
compile dead4 clang $x86 $sections -gdwarf-4
for linker in bfd gold lld; do
    case $linker in bfd) program=ld.bfd ;; gold) program=ld.gold ;; lld) program=$lld ;; esac
    for objects in dead4 dead5; do
        name=$linker-gc-${objects#dead}
        options=
        [ $linker = gold ] || options=$layout
        $program -static $options --gc-sections "--build-id=0x$(identity "$name")" -o "$made/$name" $(objects $objects)
        lacks "unused_mill|unused_bag" readelf -sW "$made/$name"
        proves "unused_mill" readelf --debug-dump=info "$made/$name"
        golden "$name" "$made/$name"
        fixture "$name" golden=$name quality=full holes='["0x0","0x1","0x8","0x20","0x40","0xffffffffffffffff","0xfffffffffffffffe"]' \
            verified="llvm gnu" about="$linker --gc-sections: tombstones, DWARF ${objects#dead}"
    done
done

for linker in gold lld; do
    case $linker in gold) program=ld.gold ;; lld) program=$lld ;; esac
    name=$linker-icf
    options=
    [ $linker = gold ] || options=$layout
    $program -static $options --icf=all "--build-id=0x$(identity "$name")" -o "$made/$name" $(objects dead5)
    [ "$(nm "$made/$name" | awk '/ (left|right)_chute$/ { print $1 }' | sort -u | wc -l)" = 1 ]
    # Two functions and two places for the same address: each tool has its own choice, and each must be one of these.
    golden "$name" "$made/$name" --with llvm
    fixture "$name" golden=$name quality=full folded='["left_chute","right_chute"]' verified="llvm; gnu may choose the other function" about="$linker --icf=all: one code, two functions"
done

# Overlapping units of another kind: two symbols, one address, by hand.
compile plain gcc $x86 -gdwarf-5
linked lto-plain ld $(objects plain)
mv "$made/lto-plain" plain

# Whole-program optimization: inlining across units and languages.
compile lto gcc $x86 -flto -gdwarf-5
gcc -flto -flto-partition=none -O2 -g "-ffile-prefix-map=$PWD=/mill" -nostdlib -static -no-pie -Wl,-z,noseparate-code -Wl,-z,max-page-size=4096 \
    -Wl,--build-id=0x$(identity gcc-lto) -o "$made/gcc-lto" $(objects lto)
golden gcc-lto "$made/gcc-lto" --with llvm
proves '"weigh",.*"_start"' cat "$made/gcc-lto.golden.jsonl"
fixture gcc-lto golden=gcc-lto quality=full verified=llvm about="gcc -flto: C and C++ inlined into each other"

for kind in full thin; do
    name=clang-lto-$kind
    compile $name clang $x86 -flto=$kind -gdwarf-5
    "$swift_lld" -static $layout "--build-id=0x$(identity $name)" -o "$made/$name" $(objects $name)
    golden $name "$made/$name" --with llvm
    proves '"weigh",.*"_start"' cat "$made/$name.golden.jsonl"
    fixture $name golden=$name quality=full verified=llvm about="clang -flto=$kind and lld: C and C++ inlined into each other"
done

# by_hand NAME KIND VERSION: gcc's assembly with additions; the code is the plain build's
by_hand() {
    local name=$1 kind=$2 version=$3 source
    for source in mill.c scale.c sieve.cpp bag.cpp; do
        local options=
        [ "${source##*.}" = c ] || options=$cxx
        gcc $common "-ffile-prefix-map=$PWD=/mill" $x86 $options -gdwarf-$version -dA -S -o plain.s "$sources/$source"
        "$python" "$forms/Tools/assembly.py" "$kind" <plain.s >changed.s
        ! cmp -s plain.s changed.s
        gcc -c -o "hand-${source%.*}.o" changed.s
    done
    linked "$name" ld $(objects hand)
}
golden hand plain
dead='["0x0","0x8","0x1f","0xffffffffffffffff","0xfffffffffffffffe"]'
for version in 4 5; do
    for kind in empty reversed overlap; do
        name=$kind-ranges$version
        by_hand $name $kind $version
        case $kind in
        empty) about="every range list also has empty and dead ranges" ;;
        reversed) about="every range list also has reversed ranges" ;;
        overlap) about="the ranges of units overlap those of the following ones" ;;
        esac
        # A reversed range makes LLVM's tool, and at ten addresses GNU's, lose an inlined function.
        tools="llvm gnu"
        [ $kind != reversed ] || tools=gnu
        same hand "$made/$name" --with "${tools// /,}"
        fixture $name golden=hand quality=full holes="$dead" verified="$tools" about="$about, DWARF $version"
    done
done

# Addresses: position-independent or not, moved, above 4 GiB, a kernel's.
golden moved plain
linked non-pie ld $(objects plain)
proves "EXEC" readelf -hW "$made/non-pie"
same moved "$made/non-pie"
fixture non-pie golden=moved quality=full verified="llvm gnu" about="not position-independent"

place() { nm "$1" | awk '$3 == "_start" { print "0x" $1 }'; }
# moved NAME ABOUT FLAGS...: the same objects at another place
moved() {
    local name=$1 about=$2
    shift 2
    linked "$name" ld "$@"
    local shift=$(($(place "$made/$name") - $(place plain)))
    same moved "$made/$name" --shift "$shift"
    fixture "$name" golden=moved shift="$shift" quality=full verified="llvm gnu" about="$about"
}
moved rebased "the plain build, linked elsewhere" -Ttext-segment=0x10000000 $(objects plain)
compile large gcc -fcf-protection=none -fno-pic -mcmodel=large -gdwarf-5
linked above-4g ld -Ttext-segment=0x7f0012340000 $(objects large)
golden above-4g "$made/above-4g"
fixture above-4g golden=above-4g quality=full verified="llvm gnu" about="linked above 4 GiB"
compile pie gcc -fcf-protection=none -fPIE -gdwarf-5
ld -pie --no-dynamic-linker $layout --build-id=0x$(identity pie) -o "$made/pie" $(objects pie)
proves "DYN" readelf -hW "$made/pie"
golden pie "$made/pie"
fixture pie golden=pie quality=full verified="llvm gnu" about="position-independent executable"

cat >kernel.ld <<'K'
SECTIONS {
    . = 0xffffffff81000000;
    .text : { *-mill.o(.text) *-scale.o(.text) *(.text.unlikely) }
    .data : { *(.data) *(.bss) }
    . = ALIGN(0x1000);
    .init.text : { *-sieve.o(.text*) }
    .exit.text : { *-bag.o(.text*) }
    .debug_percpu 0 : { *(.nothing) }
}
K
compile kernel gcc -fcf-protection=none -fno-pic -mcmodel=kernel -mno-red-zone -gdwarf-5
linked vmlinux ld -T kernel.ld $(objects kernel)
golden vmlinux "$made/vmlinux"
fixture vmlinux golden=vmlinux quality=full verified="llvm gnu" about="linked as a kernel: addresses at the top, several sections of code"

# relocatable NAME ABOUT OBJECTS...: golden answers of the same sections linked, as sections and offsets
relocatable() {
    local name=$1 about=$2
    shift 2
    ld -r "--build-id=0x$(identity "$name")" -o "$made/$name" "$@"
    echo 'SECTIONS { . = 0x400000; }' >orphans.ld
    ld -static -T orphans.ld --build-id=none -o linked "$made/$name"
    golden linked linked --with llvm
    "$python" "$forms/Tools/golden.py" sections "$made/$name" linked <"$made/linked.golden.jsonl" >"$made/$name.golden.jsonl"
    rm "$made/linked.golden.jsonl"
    same "$name" "$made/$name" --with gnu
    fixture "$name" golden="$name" quality=full verified="llvm on the linked file, gnu" about="$about"
}
for section in init exit; do
    objcopy --rename-section .text=.$section.text --rename-section .text.unlikely=.$section.text.unlikely \
        kernel-$([ $section = init ] && echo sieve || echo bag).o module-$section.o
done
relocatable module.ko "ld -r, several sections of code, as in a kernel module" kernel-mill.o kernel-scale.o module-init.o module-exit.o
compile sectioned clang $x86 $sections -gdwarf-4
relocatable sections.o "ld -r of clang -ffunction-sections, DWARF 4: a section a function" $(objects sectioned)
