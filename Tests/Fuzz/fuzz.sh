#!/usr/bin/env bash
# Fuzzes the readers with libFuzzer and the address sanitizer; see Targets/FuzzTarget.swift.
#
#   Tests/Fuzz/fuzz.sh [RUNS [TARGET…]]      RUNS inputs a target, 100,000 when not said; all targets when not said
#
# The corpus grows in .build/fuzz/corpus/TARGET; an input that kills the target lies in .build/fuzz/found/TARGET-… and
# runs again with FUZZ_TARGET=TARGET .build/fuzz/release/fuzz-runner FILE. Exit status 1 when there is one.
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-100000}
shift || true
targets=("$@")
[ $# -gt 0 ] || targets=(index object names dump threads expand render)
made=Fixtures/Forms/Made

# The plain runner makes the corpus; the other one is libFuzzer. gold's warnings are about the sanitizer's own symbols.
swift build -c release -Xswiftc -enable-testing --product fuzz-runner
SYMBOLIST_FUZZ=1 swift build -c release --scratch-path .build/fuzz --sanitize address --sanitize fuzzer \
    --product fuzz-runner 2> >(grep -v 'Cannot export local symbol' >&2)

objects=()
while read -r file; do
    if head -c4 "$file" | grep -q ELF; then objects+=("$file"); fi
done < <(find $made Fixtures/Till/Recorded -type f -size -40k | sort)
pairs=()
for object in $made/*; do
    [ ! -f "$object.sup" ] || pairs+=("s:$object:$object.sup")
    [ ! -f "$object.dwp" ] || pairs+=("d:$object:$object.dwp")
done
mapfile -t reports < <(
    find Fixtures/{Sanitizers,Backtraces,SwiftReports}/Recorded Fixtures/{KernelLogs,Journal,Markup,Envelopes} \
        -type f -size -40k \( -name '*.txt' -o -name '*.log' -o -name '*.json' -o -name '*.envelope' \) | sort)
dumps=Fixtures/Minidumps/Made
dumps="$(echo $dumps/*.dmp) d:$dumps/mill-lldb.dmp:$dumps/mill d:$dumps/scale-crashpad.dmp:$dumps/scale"
packed=()
mkdir -p .build/fuzz/packed
for tool in "gzip -9" "zstd -q" "lz4 -q" "xz -9"; do
    command -v "${tool%% *}" >/dev/null || continue
    $tool -c Fixtures/Minidumps/Made/mill-lldb.dmp >".build/fuzz/packed/mill.${tool%% *}"
    packed+=(".build/fuzz/packed/mill.${tool%% *}")
done
declare -A seeds=(
    [index]="${objects[*]}"
    [object]="${objects[*]} ${pairs[*]}"
    [names]="Tests/Fuzz/Seeds/names.txt"
    [dump]="Tests/Fuzz/Seeds/event.json $(echo Fixtures/Till/Recorded/*.json Fixtures/Till/Recorded/*.stderr) ${reports[*]}"
    [threads]="$dumps"
    [expand]="${packed[*]}"
    [render]="$(echo Tests/RenderingTests/Events/*.json)"
)

status=0
mkdir -p .build/fuzz/found
for target in "${targets[@]}"; do
    corpus=.build/fuzz/corpus/$target
    mkdir -p "$corpus"
    # shellcheck disable=SC2086  # words are wanted
    .build/release/fuzz-runner "$target" --corpus "$corpus" ${seeds[$target]}
    dictionary=()
    [ ! -f "Tests/Fuzz/Dictionaries/$target.dict" ] || dictionary=("-dict=Tests/Fuzz/Dictionaries/$target.dict")
    echo "== $target: $runs inputs"
    # Leaks are not looked for: a demangler that dies leaks, and the process that it runs in ends.
    FUZZ_TARGET=$target ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no .build/fuzz/release/fuzz-runner \
        -runs="$runs" -max_len=100000 -timeout=60 -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix=".build/fuzz/found/$target-" "${dictionary[@]}" "$corpus" || status=1
done
exit $status
