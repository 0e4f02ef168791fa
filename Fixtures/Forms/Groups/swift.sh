# Swift: DWARF 4 and 5, line tables only, modules, and one program with C in whole-program optimization.

# bakery NAME FLAGS...: NAME.so from two Swift files and one C file
bakery() {
    local name=$1
    shift
    "$clang" $common "-ffile-prefix-map=$PWD=/mill" -fcf-protection=none -fPIC -gdwarf-5 -c -o press.o "$sources/press.c"
    # Its module cache is recorded in the skeletons of C modules.
    swiftc -O -wmo -parse-as-library -module-name Mill -module-cache-path cache "$@" -I "$sources/CPress" \
        -file-prefix-map "$sources=/mill" -file-prefix-map "$PWD=/mill" -Xcc "-ffile-prefix-map=$sources=/mill" \
        -c -o mill.o "$sources/Flour.swift" "$sources/Bakery.swift"
    # References to Swift's libraries stay open: nobody runs it.
    "$lld" -shared -z max-page-size=4096 --gc-sections "--build-id=0x$(identity "$name")" -o "$made/$name" mill.o press.o \
        --unresolved-symbols=ignore-all
}
for version in 4 5; do
    name=swift-dwarf$version
    bakery $name -g -dwarf-version=$version
    proves "Swift version" readelf --debug-dump=info "$made/$name"
    proves "dwo_name.*\.pcm" readelf --debug-dump=info -wN "$made/$name"
    if [ $version = 4 ]; then golden swift "$made/$name" --with llvm; else same swift "$made/$name" --with llvm; fi
    # GNU addr2line 2.40 has no inlined Swift functions.
    fixture $name golden=swift quality=full verified=llvm about="swiftc -O, DWARF $version, with a C unit of DWARF 5; skeletons name .pcm files"
done
bakery swift-line-tables -gline-tables-only
lacks "DW_AT_linkage_name" readelf --debug-dump=info "$made/swift-line-tables"
golden swift-line-tables "$made/swift-line-tables" --with llvm
fixture swift-line-tables golden=swift-line-tables quality=full verified=llvm about="swiftc -O -gline-tables-only"

# C inlined into Swift: one unit's functions have their origins in a unit of another language.
mkdir whole
(
    cd whole
    # A freestanding function would not be inlined into one that is none.
    "$clang" ${common/-ffreestanding/} "-ffile-prefix-map=$PWD=/mill" -fPIC -gdwarf-5 -flto=full -c -o press.o "$sources/press.c"
    swiftc -O -wmo -g -parse-as-library -module-name Mill -module-cache-path cache -lto=llvm-full -I "$sources/CPress" \
        -file-prefix-map "$sources=/mill" -file-prefix-map "$PWD=/mill" -Xcc "-ffile-prefix-map=$sources=/mill" \
        -c -o mill.o "$sources/Flour.swift" "$sources/Bakery.swift"
    "$swift_lld" -shared -z max-page-size=4096 --gc-sections "--build-id=0x$(identity swift-lto)" --undefined=bake \
        -L "$(dirname "$swift_lld")/../lib/swift/linux" -o "$made/swift-lto" mill.o press.o --unresolved-symbols=ignore-all -Bsymbolic
)
golden swift-lto "$made/swift-lto" --with llvm
proves '"squeeze",.*Mill4bake' cat "$made/swift-lto.golden.jsonl"
fixture swift-lto golden=swift-lto quality=full verified=llvm about="swiftc -lto=llvm-full with clang -flto: C and Swift in one optimization"
