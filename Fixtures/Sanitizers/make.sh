#!/usr/bin/env bash
# Builds the small faulty programs of Sources/ with gcc and clang and records what the sanitizers print about them, in Recorded/.
# Programs under 60 KB stay beside the reports, with debug information. README.md says what is what.
#
# Sources are recorded as /src, programs as /app. Environment: CLANG, GCC, SWIFTC; a missing compiler's recordings stay.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
here=$PWD
recorded=$here/Recorded
mkdir -p "$recorded"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ulimit -S -c 0
mkdir "$scratch/app" "$scratch/src"
cp Sources/* "$scratch/src"
cd "$scratch/src"
flags=(-g -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls "-ffile-prefix-map=$scratch/src=/src" -Wl,--build-id=sha1)
clang=${CLANG:-clang}
gcc=${GCC:-gcc}
swiftc=${SWIFTC:-swiftc}

# record NAME PROGRAM [ARGUMENT...]: what PROGRAM writes to standard error, with its own options.
record() {
    local name=$1 program=$2
    shift 2
    # Without address randomisation: ThreadSanitizer refuses some layouts, and recordings change less.
    (cd "$scratch" && timeout 60 setarch -R "$scratch/app/$program" "$@") >"$scratch/out" 2>&1 </dev/null || true
    sed -e "s|$scratch/app/|/app/|g; s|$scratch|/build|g" "$scratch/out" >"$recorded/$name.txt"
    [ -s "$recorded/$name.txt" ] || { echo "$name: nothing was printed" >&2; exit 1; }
}

# both NAME PROGRAM [ARGUMENT...]: symbolized by the program itself, and not.
both() {
    local name=$1
    shift
    local options="detect_leaks=${leaks:-0}:$name"
    options=${options%:*}
    ASAN_OPTIONS=$options TSAN_OPTIONS=${tsan:-} UBSAN_OPTIONS=print_stacktrace=1 record "$name" "$@"
    ASAN_OPTIONS=$options:symbolize=0 TSAN_OPTIONS=symbolize=0 UBSAN_OPTIONS=print_stacktrace=1:symbolize=0 \
        LSAN_OPTIONS=symbolize=0 record "$name-raw" "$@"
}

# keep PROGRAM: its debug information has to be at hand to read the reports; large ones are not kept.
keep() {
    if [ "$(stat -c %s "$scratch/app/$1")" -lt 60000 ]; then cp "$scratch/app/$1" "$recorded/$1"; else ls -l "$scratch/app/$1"; fi
}

# expect NAME PROGRAM: what the program's frames are, by another symbolizer: `LINK-ADDRESS FUNCTION FILE:LINE:COLUMN`, calls
# inlined at one address innermost first. Addresses in the reports are adjusted already.
expect() {
    grep -E '^ *#' "$recorded/$1.txt" | grep -oE "\((/app/)?$2\+0x[0-9a-f]+\)" | grep -oE '0x[0-9a-f]+' | while read -r address; do
        llvm-symbolizer --obj="$recorded/$2" "$address" |
            awk -v address="$address" 'NF && !name { name = $0; next } NF { print address, name, $0; name = "" }'
    done >"$recorded/$1.expected"
}

# family PREFIX COMPILER [FLAG...]
family() {
    local prefix=$1
    shift
    "$@" "${flags[@]}" -fsanitize=address till.c -o "$scratch/app/$prefix-till" -lpthread
    for kind in uaf thread-uaf overflow double-free recursion segv stack; do
        both "$prefix-asan-$kind" "$prefix-till" "$kind"
    done
    leaks=1 both "$prefix-asan-leak" "$prefix-till" leak
    "$@" "${flags[@]}" -fsanitize=undefined sum.c -o "$scratch/app/$prefix-sum"
    both "$prefix-ubsan" "$prefix-sum" 33
    UBSAN_OPTIONS=print_stacktrace=0 record "$prefix-ubsan-bare" "$prefix-sum" 33
    for program in till sum; do keep "$prefix-$program"; done
    # The runtime of Swift's clang is made for libdispatch, which C programs do not load.
    if [ "$prefix" != clang ]; then
        "$1" "${flags[@]}" -fsanitize=thread race.c -o "$scratch/app/$prefix-race" -lpthread
        for kind in heap global mutex leak; do both "$prefix-tsan-$kind" "$prefix-race" "$kind"; done
        keep "$prefix-race"
    fi
}

if command -v "$gcc" >/dev/null; then
    family gcc "$gcc"
    "$gcc" "${flags[@]}" -fsanitize=leak till.c -o "$scratch/app/gcc-leak"
    both gcc-lsan gcc-leak leak
    "${GXX:-g++}" "${flags[@]}" -fsanitize=address order.cpp -o "$scratch/app/gcc-order"
    both gcc-asan-templates gcc-order
fi
if command -v "$clang" >/dev/null; then
    runtime=$("$clang" -print-resource-dir)/lib/linux
    family clang "$clang" -shared-libsan "-Wl,-rpath,$runtime"
    sed -i "s|$runtime|/usr/lib/clang|g" "$recorded"/clang-*.txt
    "$clang" "${flags[@]}" -fsanitize=leak till.c -o "$scratch/app/clang-leak"
    both clang-lsan clang-leak leak
    if "$clang" "${flags[@]}" -fsanitize=fuzzer,address fuzz.c -o "$scratch/app/clang-fuzz"; then
        printf 'xy' >"$scratch/input"
        both clang-fuzz clang-fuzz "$scratch/input"
    fi
fi
if command -v clang-14 >/dev/null; then
    runtime=$(clang-14 -print-resource-dir)/lib/linux
    PATH=/usr/lib/llvm-14/bin:$PATH family clang14 clang-14 -shared-libsan "-Wl,-rpath,$runtime"
    sed -i "s|$runtime|/usr/lib/clang|g" "$recorded"/clang14-*.txt
fi
if command -v "$swiftc" >/dev/null; then
    "$swiftc" -g -O -sanitize=address -file-prefix-map "$scratch/src=/src" pointer.swift -o "$scratch/app/swift-pointer"
    SWIFT_BACKTRACE=enable=no both swift-asan swift-pointer
fi
for program in gcc-till clang14-till; do
    if [ -e "$recorded/$program" ]; then
        for kind in uaf thread-uaf segv leak stack; do expect "${program%-till}-asan-$kind-raw" "$program"; done
    fi
done
for program in gcc-sum clang-sum clang14-sum; do
    if [ -e "$recorded/$program" ]; then expect "${program%-sum}-ubsan-raw" "$program"; fi
done
expect gcc-tsan-heap-raw gcc-race
ls "$recorded" | wc -l
du -sh "$recorded"
