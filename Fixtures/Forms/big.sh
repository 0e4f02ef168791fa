#!/usr/bin/env bash
# Makes a program of about 150 MB with 32,768 compile units, for the checks that take their time; it is not committed.
#
#   big.sh OUT [DOUBLINGS]     14 doublings by default
#
# Two units of C, again and again: each doubling puts a copy with other symbol names beside what there is. Names of functions
# in the debug information stay, so every copy answers the same, but for the symbols: f_f_…_grind is in the first copy,
# s_s_…_grind in the last one.
set -euo pipefail
out=$(realpath -m "$1")
doublings=${2:-14}
cd "$(dirname "$0")"
sources=$PWD/Sources
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for source in mill scale; do
    gcc -O2 -g -gdwarf-5 -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
        "-ffile-prefix-map=$sources=/mill" "-ffile-prefix-map=$PWD=/mill" -c -o "$source.o" "$sources/$source.c"
done
ld -r -o all.o mill.o scale.o
for ((number = 0; number < doublings; number++)); do
    objcopy --prefix-symbols=f_ all.o first.o
    objcopy --prefix-symbols=s_ all.o second.o
    ld -r -o all.o first.o second.o
done
# The functions of C++ that the two units call are not there, and nobody runs this.
ld.lld-19 -static --unresolved-symbols=ignore-all --build-id=sha1 -o "$out" all.o
