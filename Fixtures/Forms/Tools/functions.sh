# What the groups share; sourced by make.sh.

python=$(command -v python3)
# Swift's clang: the one that the tests have anyway. Its linker reads its bitcode; lld 19 does everything else.
clang=$(command -v clang)
swift_lld=$(dirname "$(readlink -f "$(command -v swiftc)")")/ld.lld
lld=ld.lld-19

common="-O2 -g -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-ident -ffile-prefix-map=$sources=/mill"
cxx="-std=c++17 -fno-exceptions -fno-rtti"
x86="-fcf-protection=none -fno-pic"
layout="-z noseparate-code -z max-page-size=4096"

# compile PREFIX COMPILER FLAGS...: PREFIX-mill.o, -scale.o, -sieve.o and -bag.o. The C compilers take C++, too, by the
# file's name; only libraries would differ.
compile() {
    local prefix=$1 compiler=$2
    shift 2
    local source
    for source in mill.c scale.c; do compile_one "$prefix-${source%.*}.o" "$compiler" "$source" "$@"; done
    for source in sieve.cpp bag.cpp; do
        compile_one "$prefix-${source%.*}.o" "$compiler" "$source" $cxx "$@"
    done
}

# compile_one OBJECT COMPILER SOURCE FLAGS...; the compilation directory is recorded as /mill, too
compile_one() {
    local object=$1 compiler=$2 source=$3
    shift 3
    "$compiler" $common "-ffile-prefix-map=$PWD=/mill" "$@" -c -o "$object" "$sources/$source"
}

objects() { echo "$1-mill.o $1-scale.o $1-sieve.o $1-bag.o"; }

# linked NAME LINKER OBJECTS AND FLAGS...: a static program with a build id of its own, in Made/
linked() {
    local name=$1 linker=$2
    shift 2
    "$linker" -static $layout "--build-id=0x$(identity "$name")" -o "$made/$name" "$@"
}

# A build id made from the name: 20 bytes, the same in every run.
identity() { printf '%s' "$1" | sha1sum | cut -c1-40; }

# golden NAME OBJECT OPTIONS...: makes Made/NAME.golden.jsonl
golden() {
    local name=$1 object=$2
    shift 2
    "$python" "$forms/Tools/golden.py" make "$@" "$object" >"$made/$name.golden.jsonl"
}

# same GOLDEN OBJECT OPTIONS...: another object gets the same answers
same() {
    local name=$1 object=$2
    shift 2
    "$python" "$forms/Tools/golden.py" check "$@" "$made/$name.golden.jsonl" "$object"
}

# fixture NAME KEY=VALUE...: one line of the list. Values that start with [ or are numbers are JSON, all others text.
fixture() {
    "$python" -c '
import json, sys
line = {"name": sys.argv[1]}
for word in sys.argv[2:]:
    key, _, value = word.partition("=")
    line[key] = json.loads(value) if value[:1] in "[{" or value.isdigit() else value
print(json.dumps(line))' "$@" >>"$list"
}

# proves TEXT COMMAND...: the command prints a line that matches; the form is really there
proves() {
    local text=$1
    shift
    "$@" 2>/dev/null >"$work/proof" || true
    grep -Eq -- "$text" "$work/proof" || {
        echo "$*: nothing matches $text" >&2
        exit 1
    }
}

# lacks TEXT COMMAND...: no line of it matches
lacks() {
    local text=$1
    shift
    "$@" 2>/dev/null >"$work/proof" || true
    if grep -Eq -- "$text" "$work/proof"; then
        echo "$*: $text is there" >&2
        exit 1
    fi
}
