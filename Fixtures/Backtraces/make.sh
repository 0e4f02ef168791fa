#!/usr/bin/env bash
# Builds the programs of Sources/ and records what glibc, Rust, gdb, lldb and eu-stack print about their crashes, in Recorded/.
# Programs under 60 KB stay beside the reports, with debug information. README.md says what is what.
#
# Sources are recorded as /src, programs as /app. Needs a kernel that writes cores to the working folder (core_pattern "core"
# or "core.%p") for the cores.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
here=$PWD
recorded=$here/Recorded
mkdir -p "$recorded"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/app" "$scratch/src"
cp Sources/* "$scratch/src"
cd "$scratch/src"
flags=(-g -O1 -fno-optimize-sibling-calls "-ffile-prefix-map=$scratch/src=/src" -Wl,--build-id=sha1)
export DEBUGINFOD_URLS=

# keep NAME: the output of the last program as a recording.
keep() {
    # Debian's lldb without its Python part says so again and again.
    sed -i '/^Traceback (most recent/d; /^  File "<string>"/d; /^NameError: name .run_one/d; /^ModuleNotFoundError/d' "$scratch/out"
    sed -e "s|$scratch/app/|/app/|g; s|$scratch/src|/src|g; s|$scratch|/build|g" "$scratch/out" >"$recorded/$1.txt"
    [ -s "$recorded/$1.txt" ] || { echo "$1: nothing was printed" >&2; exit 1; }
}

# run PROGRAM [ARGUMENT...]: both streams, from the folder of programs; leaves a core in $scratch/core when told to.
run() {
    rm -f "$scratch"/core*
    (cd "$scratch" && timeout 60 setarch -R "$scratch/app/$1" "${@:2}") >"$scratch/out" 2>&1 </dev/null || true
}

# core PROGRAM [ARGUMENT...]
core() {
    (ulimit -S -c unlimited && run "$@") 2>/dev/null
    mv "$scratch"/core* "$scratch/dump"
}

# expect NAME PROGRAM ADDRESS...: what frames of the program are, by another symbolizer: `LINK-ADDRESS FUNCTION
# FILE:LINE:COLUMN`, calls inlined at one address innermost first.
expect() {
    for address in "${@:3}"; do
        llvm-symbolizer --obj="$recorded/$2" "$address" |
            awk -v address="$address" 'NF && !name { name = $0; next } NF { print address, name, $0; name = "" }'
    done >"$recorded/$1.expected"
}

# offsets NAME PROGRAM: link addresses of the program's glibc lines, less one. Behind the first line of the C library of a
# signal's backtrace, its trampoline, stands an exact one.
offsets() {
    local exact=0 seen=0 line
    while read -r line; do
        case $line in
            *libc.so*) if [ $seen = 0 ] && [[ $1 = *signal* ]]; then exact=1; fi; seen=1 ;;
            *"$2("* | *"$2["*)
                line=${line##*[}
                local address=$((${line%]} - ($3) - 1 + exact))
                printf '0x%x\n' $address
                exact=0
                ;;
        esac
    done <"$recorded/$1.txt"
}

gcc "${flags[@]}" till.c -o "$scratch/app/till" -lpthread
gcc "${flags[@]}" -no-pie till.c -o "$scratch/app/till-fixed" -lpthread
gcc "${flags[@]}" -rdynamic till.c -o "$scratch/app/till-exported" -lpthread
g++ "${flags[@]}" order.cpp -o "$scratch/app/order"
for program in till till-fixed till-exported; do cp "$scratch/app/$program" "$recorded/$program"; done

ulimit -S -c 0
for program in till till-fixed till-exported; do
    for kind in symbols fd signal signal-fd; do
        run "$program" "$kind"
        keep "glibc-$program-$kind"
    done
done
# Where setarch -R puts position independent programs.
for kind in symbols fd signal signal-fd; do
    for program in till till-exported; do
        # shellcheck disable=SC2046
        expect glibc-$program-$kind $program $(offsets glibc-$program-$kind $program 0x555555554000)
    done
    # shellcheck disable=SC2046
    expect glibc-till-fixed-$kind till-fixed $(offsets glibc-till-fixed-$kind till-fixed 0)
done
mkdir "$scratch/app/my (old) tills"
cp "$scratch/app/till" "$scratch/app/my (old) tills/till"
run "my (old) tills/till" signal
keep glibc-parentheses

# debugger NAME PROGRAM GDB-COMMAND...
debugger() {
    local commands=()
    for command in "${@:3}"; do commands+=(-ex "$command"); done
    gdb -nx -batch -iex 'set debuginfod enabled off' "${commands[@]}" "$scratch/app/$2" "$scratch/dump" \
        >"$scratch/out" 2>&1 </dev/null
    keep "$1"
}
core till crash
debugger gdb-bt till bt
debugger gdb-all till 'thread apply all bt'
debugger gdb-full till 'bt full'
debugger gdb-narrow till 'set width 60' 'thread apply all bt'
debugger gdb-limited till 'bt 2'
eu-stack --core="$scratch/dump" --executable="$scratch/app/till" >"$scratch/out" 2>&1 || true
keep eu-stack-core
eu-stack -b -m -i -s -a --core="$scratch/dump" --executable="$scratch/app/till" >"$scratch/out" 2>&1 || true
keep eu-stack-core-everything
eu-stack -b --core="$scratch/dump" --executable="$scratch/app/till" >"$scratch/out" 2>&1 || true
keep eu-stack-core-ids
eu-stack -n 3 -b --core="$scratch/dump" --executable="$scratch/app/till" >"$scratch/out" 2>&1 || true
keep eu-stack-limited
core order
debugger gdb-signal order bt
debugger gdb-signal-full order 'bt full'
eu-stack -a -b --core="$scratch/dump" --executable="$scratch/app/order" >"$scratch/out" 2>&1 || true
keep eu-stack-signal
eu-stack -v -b --core="$scratch/dump" --executable="$scratch/app/order" >"$scratch/out" 2>&1 || true
keep eu-stack-verbose
(cd "$scratch" && setarch -R gdb -nx -batch -iex 'set debuginfod enabled off' -ex run -ex bt -ex 'thread apply all bt' \
    --args "$scratch/app/till" crash) >"$scratch/out" 2>&1 </dev/null || true
keep gdb-live
(cd "$scratch" && printf 'break lineTotal\nrun\nbt\nkill\n' | setarch -R gdb -nx -iex 'set debuginfod enabled off' \
    -iex 'set confirm off' --args "$scratch/app/till" crash) >"$scratch/out" 2>&1 || true
keep gdb-breakpoint
if command -v lldb-14 >/dev/null; then
    core till crash
    lldb-14 --batch --no-lldbinit -c "$scratch/dump" "$scratch/app/till" -o 'bt all' -o 'image list' \
        >"$scratch/out" 2>&1 </dev/null || true
    keep lldb-core
    (cd "$scratch" && lldb-14 --batch --no-lldbinit "$scratch/app/till" -o 'run crash' -o bt -k 'bt all' -k 'kill') \
        >"$scratch/out" 2>&1 </dev/null || true
    keep lldb-live
    core order
    lldb-14 --batch --no-lldbinit -c "$scratch/dump" "$scratch/app/order" -o bt >"$scratch/out" 2>&1 </dev/null || true
    keep lldb-signal
fi
(cd "$scratch" && exec setarch -R "$scratch/app/till" wait) >"$scratch/said" 2>&1 &
waiting=$!
for _ in $(seq 50); do grep -q waiting "$scratch/said" && break; sleep 0.1; done
eu-stack -p $waiting >"$scratch/out" 2>&1 || true
keep eu-stack-live
eu-stack -b -m -i -s -p $waiting >"$scratch/out" 2>&1 || true
keep eu-stack-live-everything
gdb -nx -batch -iex 'set debuginfod enabled off' -p $waiting -ex 'thread apply all bt' >"$scratch/out" 2>&1 </dev/null || true
keep gdb-attached
kill $waiting
wait $waiting 2>/dev/null || true

# eu-stack has adjusted the offsets.
id=$(readelf -n "$recorded/till" | sed -n 's/.*Build ID: //p')
# shellcheck disable=SC2046
expect eu-stack-core-ids till $(sed -n "s/.*\[$id\]@0x[0-9a-f]*+//p" "$recorded/eu-stack-core-ids.txt")

if command -v swiftc >/dev/null; then
    swiftc -g -O -file-prefix-map "$scratch/src=/src" till.swift -o "$scratch/app/till-swift"
    SWIFT_BACKTRACE=enable=no core till-swift
    debugger gdb-swift till-swift bt
fi
if command -v rustc >/dev/null; then
    rustc -C opt-level=2 -g --remap-path-prefix "$scratch/src=/src" till.rs -o "$scratch/app/till-rust" 2>/dev/null
    for kind in index thread text assert; do
        RUST_BACKTRACE=full run till-rust $kind
        keep rust-$kind-full
        RUST_BACKTRACE=1 run till-rust $kind
        keep rust-$kind-short
        RUST_BACKTRACE=0 run till-rust $kind
        keep rust-$kind-none
    done
    strip -o "$scratch/app/till-rust-stripped" "$scratch/app/till-rust"
    RUST_BACKTRACE=full run till-rust-stripped index
    keep rust-stripped
fi
ls "$recorded" | wc -l
du -sh "$recorded"
