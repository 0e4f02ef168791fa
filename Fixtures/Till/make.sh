#!/usr/bin/env bash
# Builds Till, crashes a stripped copy in every way it knows, and records program and reports in Recorded/.
#
# The sources' folder is recorded as /till, whatever the checkout is called: `symbolist upload --map-path /till=Fixtures/Till`.
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

swift build -c release --scratch-path "$scratch/build" \
    -Xswiftc -file-prefix-map -Xswiftc "$here=/till" -Xswiftc -file-prefix-map -Xswiftc "$scratch=/till-build" \
    -Xcc "-ffile-prefix-map=$here=/till" -Xcc "-ffile-prefix-map=$scratch=/till-build"

rm -rf Recorded
mkdir Recorded
cp "$scratch/build/release/Till" Recorded/till.debug
mkdir "$scratch/app"

# record NAME MODE
record() {
    report=$scratch/$1.json
    SWIFT_BACKTRACE=enable=yes,interactive=no,color=no,format=json,symbolicate=off,images=all,output-to=$report \
        "$scratch/app/till" "$2" 2>"Recorded/$1.stderr" || true
    # The folder that the program ran in says nothing of use.
    sed "s|$scratch/app/|/app/|g" "$report" >"Recorded/$1.json"
    sed -i '/^swift-runtime: failed to suspend/d; /^$/d' "Recorded/$1.stderr"
}

# Without debug information: the reporter needs the symbol table to follow async callers.
strip --strip-debug -o "$scratch/app/till" Recorded/till.debug
for mode in index overflow callback c cxx async fatal; do record "$mode" "$mode"; done
# Without symbols, too.
strip -o "$scratch/app/till" Recorded/till.debug
record async-stripped async
ls -l Recorded
