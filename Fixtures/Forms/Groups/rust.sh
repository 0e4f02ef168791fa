# Rust: names of the v0 scheme, DWARF 4 and 5.

for version in 4 5; do
    name=rust-dwarf$version
    rustc --edition 2024 -O -g -C panic=abort -C dwarf-version=$version -C symbol-mangling-version=v0 -C codegen-units=1 \
        -C relocation-model=static --remap-path-prefix "$sources=/mill" --remap-path-prefix "$PWD=/mill" \
        --emit obj -o $name.o "$sources/yeast.rs"
    linked $name ld --gc-sections --unresolved-symbols=ignore-all $name.o
    proves "_RN" readelf --debug-dump=str "$made/$name"
    golden $name "$made/$name" --with llvm
    fixture $name golden=$name quality=full verified=llvm about="rustc -O, DWARF $version, names of the v0 scheme"
done
