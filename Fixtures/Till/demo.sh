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

# Nothing of this is outside the checkout: the job table and the debug files, the indexes, the spool.
export STATE_DIRECTORY=$demo/state CACHE_DIRECTORY=$demo/cache

step "3. It crashes on the server: its report has addresses only, is written in milliseconds, and goes into the job table"
# In a shell of its own, whose "Illegal instruction" is not of interest.
(run "$symbolist" run --release till@1.0 --environment demo -- "$demo/server/till" index || true) 2>"$demo/crash/stderr.txt"
cat "$demo/crash/stderr.txt"
run "$symbolist" events list

step "4. After the build: upload the debug files and the sources they name"
run "$symbolist" upload "$demo/till/release"

step "5. A worker enriches what is there"
# Status 1 says that something is missing: nobody uploaded the debug information of Swift's own libraries.
run "$symbolist" worker --until-empty || [ $? = 1 ]

step "6. The enriched event"
run "$symbolist" events show 1

case $(cat /proc/sys/kernel/core_pattern) in
"|"* | */*) ;; # cores go elsewhere on this machine
*)
    step "7. Any other dump: a core of a crash in C, with the callers in Swift"
    (cd "$demo/crash" && ulimit -c unlimited && SWIFT_BACKTRACE=enable=no "$demo/server/till" c || true) 2>/dev/null
    core=$(find "$demo/crash" -name 'core*' | head -1)
    if [ -n "$core" ]; then run "$symbolist" symbolize --context 1 "$core" || [ $? = 1 ]; fi
    ;;
esac
