# Split DWARF: .dwo files, packages of them, and skeletons alone.

# split COMPILER VERSION FLAGS...: program in Made/, its split files in Made/NAME.dwo/
split() {
    local compiler=$1 version=$2 name=$1-split$2
    shift 2
    mkdir "$name"
    (
        cd "$name"
        compile s "$compiler" $x86 -gdwarf-$version -gsplit-dwarf "$@"
        linked "$name" ld $(objects s)
        rm -rf "$made/$name.dwo"
        mkdir "$made/$name.dwo"
        cp ./*.dwo "$made/$name.dwo"
    )
    proves "DW_AT_(GNU_)?dwo_name" readelf --debug-dump=info -wN "$made/$name"
}

# LLVM's tool opens the split files at the path in the program; they can only be there while nothing else is.
confirm_split() {
    local name=$1 golden=$2
    if [ -e /mill ] || ! ln -s "$PWD/$name" /mill 2>/dev/null; then
        echo "$name: not confirmed, /mill cannot be made" >&2
        return
    fi
    same "$golden" "$made/$name" --with llvm || { rm /mill; exit 1; }
    rm /mill
}

names() { "$python" -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"; }

for compiler in gcc clang; do
    for version in 4 5; do
        name=$compiler-split$version
        compile "$name-plain" $compiler $x86 -gdwarf-$version
        linked split-plain ld $(objects "$name-plain")
        mv "$made/split-plain" "$name-plain"
        if [ $version = 4 ]; then golden "$compiler-split" "$name-plain"; else same "$compiler-split" "$name-plain"; fi
        split $compiler $version
        confirm_split $name $compiler-split
        parts=$(names $(cd "$made" && ls "$name.dwo/"*.dwo))
        fixture "$name" split="$parts" golden=$compiler-split quality=full verified=llvm about="$compiler -gsplit-dwarf, DWARF $version, with its .dwo files"

        # Without them: lines of the skeletons, names of the symbol table.
        golden "$name-skeleton" "$made/$name" --with llvm
        fixture "$name-skeleton" file="$name" golden="$name-skeleton" quality=partial missing=4 verified=llvm about="the same without its .dwo files"
        some=$(names "$name.dwo/s-sieve.dwo" "$name.dwo/s-bag.dwo")
        fixture "$name-some" file="$name" split="$some" golden=$compiler-split less="$name-skeleton" quality=partial missing=2 verified="each answer is one of the two goldens" about="the same with two of its four .dwo files"
    done
done

# Packages. llvm-dwp 19 and GNU dwp 2.40 fail on gcc's DWARF 5 split files, or worse; clang's are fine.
for version in 4 5; do
    name=clang-dwp$version
    llvm-dwp-19 -e "$made/clang-split$version" -o "$made/$name.dwp" 2>log || (cd "clang-split$version" && llvm-dwp-19 s-*.dwo -o "$made/$name.dwp")
    proves "debug_cu_index" readelf -SW "$made/$name.dwp"
    cp "$made/clang-split$version" program
    cp "$made/$name.dwp" program.dwp
    same clang-split program --with llvm
    fixture "$name" file="clang-split$version" split="$(names "$name.dwp")" golden=clang-split quality=full verified=llvm about="llvm-dwp's package of clang's DWARF $version split files"
done
(cd gcc-split4 && dwp -o "$made/gcc-dwp4.dwp" s-*.dwo)
proves "debug_cu_index" readelf -SW "$made/gcc-dwp4.dwp"
cp "$made/gcc-split4" program
cp "$made/gcc-dwp4.dwp" program.dwp
same gcc-split program --with llvm
fixture gcc-dwp4 file=gcc-split4 split="$(names gcc-dwp4.dwp)" golden=gcc-split quality=full verified=llvm about="GNU dwp's package of gcc's DWARF 4 split files"
