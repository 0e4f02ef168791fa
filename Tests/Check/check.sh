#!/usr/bin/env bash
# Answers on big files and fixtures against llvm-symbolizer 19 and symbolic; rewrites the tables of
# Documentation/Differential.md and fails when more than 0.2 % of the addresses are left unexplained.
#
#   Tests/Check/check.sh [BINARY]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$root/.build/bench
binary=$(realpath "${1:-$root/.build/release/symbolist}")
. "$root/Tests/Check/inputs.sh"

mkdir -p "$work"
make_python
fetch_big_files
rm -rf "$work/check"
# A copy: a build in between must not change the file under the tools' hands.
mkdir -p "$work/check"
cp "$binary" "$work/check/symbolist"

files=()
number=0
while read -r file; do
    number=$((number + 1))
    files+=("libjvm $number=$file")
done < <(big_files openjdk-17-dbg 2)
number=0
while read -r file; do
    number=$((number + 1))
    files+=("librados family $number=$file")
done < <(big_files librados2-dbg 2)
files+=("symbolist=$work/check/symbolist")
# Fixtures that are whole programs with their own debug information: what all peers read, so not `.zdebug`.
while read -r file; do
    # In variables, not pipes: grep -q would end a pipe early, which counts as a failure here.
    sections=$(readelf -SW "$file" 2>/dev/null || true)
    segments=$(readelf -lW "$file" 2>/dev/null || true)
    if grep -q ' \.debug_info ' <<<"$sections" && ! grep -q 'gnu_debugaltlink\|debug_sup' <<<"$sections" &&
        grep -q LOAD <<<"$segments"; then
        files+=("${file#"$root/Fixtures/"}=$file")
    fi
done < <(find "$root/Fixtures" -type f -size +2k | sort)

"$python" "$root/Tests/Check/differential.py" --symbolist "$work/check/symbolist" --work "$work/check" \
    --json "$work/check.json" --report "$root/Documentation/Differential.md" "${files[@]}"
