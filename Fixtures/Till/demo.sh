#!/usr/bin/env bash
# The main job on a real crash: what `make demo` runs. Everything it makes lies below .build/demo.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
demo=$root/.build/demo
symbolist=$root/.build/release/symbolist

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
run() {
    printf '%s$ %s%s\n' "$bold" "$(sed "s|$root/||g" <<<"$*")" "$plain"
    "$@"
}

step "1. Build symbolist (the first time takes a few minutes)"
swift build -c release -Xswiftc -enable-testing --product symbolist

step "2. Build a small Swift program with C and C++ in it, and ship a copy without its debug information"
swift build --package-path Fixtures/Till --scratch-path "$demo/till" -c release 2>&1 | tail -1
rm -rf "$demo/state" "$demo/cache" "$demo/server" "$demo/crash"
mkdir -p "$demo/state" "$demo/cache" "$demo/server" "$demo/crash"
cp "$demo/till/release/Till" "$demo/server/till"
strip --strip-debug "$demo/server/till"

step "3. It crashes on the server: SWIFT_BACKTRACE writes addresses, in milliseconds"
export SWIFT_BACKTRACE=enable=yes,interactive=no,color=no,format=json,symbolicate=off,images=all,output-to=$demo/crash/crash.json
# In a shell of its own, whose "Illegal instruction" is not of interest.
("$demo/server/till" index 2>"$demo/crash/stderr.txt" || true) 2>/dev/null
unset SWIFT_BACKTRACE
[ -s "$demo/crash/crash.json" ] || { cat "$demo/crash/stderr.txt" >&2; echo "the crash left no report" >&2; exit 1; }
head -c 400 "$demo/crash/crash.json"
echo " …"

# Nothing of this is outside the checkout: the job table and the debug files, and the indexes.
export STATE_DIRECTORY=$demo/state CACHE_DIRECTORY=$demo/cache

step "4. After the build: upload the debug files and the sources they name"
run "$symbolist" upload "$demo/till/release"

step "5. The crash goes into the job table"
run "$symbolist" enqueue --release till@1.0 --environment demo --stderr "$demo/crash/stderr.txt" "$demo/crash/crash.json"

step "6. A worker enriches what is there"
# Status 1 says that something is missing: nobody uploaded the debug information of Swift's own libraries.
run "$symbolist" worker --until-empty || [ $? = 1 ]

step "7. The enriched event"
run "$symbolist" events show 1
