#!/usr/bin/env bash
# Measures Symbolist and its peers on the same files and addresses; see Documentation/Benchmarks.md.
#
#   Tests/Benchmarks/bench.sh [OPTION…]        options go to bench.py: --repetitions N, --skip PEER,
#                                              --report Documentation/Benchmarks.md
#
#   SYMBOLIST_BIG_FILES=FOLDER    takes the .deb files from there instead of the Debian mirror
#   SYMBOLIST_BENCH_FILES="…"     which files: libjvm librados symbolist vmlinux (a gigabyte; not by default)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$root/.build/bench
binaries=${SYMBOLIST_BENCH_BINARIES:-$root/.build/release}
. "$root/Tests/Check/inputs.sh"

mkdir -p "$work/programs"
make_python
fetch_big_files
symbolic=$("$python" -c 'import os, symbolic; print(os.path.dirname(symbolic.__file__))')/_lowlevel__lib.so
cc -O2 -o "$work/programs/symcache_peer" "$root/Tests/Benchmarks/symcache_peer.c" -ldl
# Copies, with the debug information that they were built with: a build in between must not change them.
cp "$binaries/symbolist" "$binaries/symbolist-bench" "$work/programs/"

files=()
for name in ${SYMBOLIST_BENCH_FILES:-libjvm librados symbolist}; do
    case $name in
    libjvm) files+=("libjvm=$(big_files openjdk-17-dbg 1)") ;;
    librados) files+=("librados=$(big_files librados2-dbg 1)") ;;
    symbolist) files+=("symbolist=$work/programs/symbolist") ;;
    vmlinux)
        fetch_kernel
        files+=("vmlinux=$(find "$work/files/linux-image" -name 'vmlinux-*' | head -1)")
        ;;
    *)
        echo "bench.sh: no file $name" >&2
        exit 64
        ;;
    esac
done

"$python" "$root/Tests/Benchmarks/bench.py" --work "$work" --symbolist "$work/programs/symbolist" \
    --lookup "$work/programs/symbolist-bench" --peer "$work/programs/symcache_peer" --symbolic "$symbolic" \
    "$@" "${files[@]}"
