#!/usr/bin/env bash
# Makes the minidumps in Made/, each with the frames that gdb sees in the same stopped process.
#
# Needs g++, swiftc, gdb, lldb-19 (apt install lldb-19) and Crashpad's handler: CRASHPAD_HANDLER, else the one of an
# installed Debian package `chromium`, else the one in that package, which is downloaded for it and not installed.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
sources=$PWD/Sources
made=$PWD/Made
work=$(mktemp -d)
crashed=()
cleanup() {
    for process in "${crashed[@]}"; do kill -9 "$process" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
mkdir -p "$made"
rm -f "$made"/*

handler=${CRASHPAD_HANDLER:-/usr/lib/chromium/chrome_crashpad_handler}
if [ ! -x "$handler" ]; then
    (cd "$work" && apt-get download chromium)
    dpkg-deb --fsys-tarfile "$work"/chromium_*.deb | tar -x -C "$work" ./usr/lib/chromium/chrome_crashpad_handler
    handler=$work/usr/lib/chromium/chrome_crashpad_handler
fi

# MARK: Programs

cd "$work"
# No frame pointers: frames are found by call-frame information or not at all.
g++ -O2 -fomit-frame-pointer -Wl,--build-id=sha1 -o mill "$sources/mill.cpp" -pthread
swiftc -O -Xlinker --build-id=sha1 -o scale "$sources/Scale.swift"
gcc -O2 -shared -fPIC -o catcher.so "$sources/catcher.c"
libraries=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")/lib/swift/linux
for program in mill scale; do
    strip --strip-debug -o "$made/$program" "$program"
done

# wait_ready PROCESS: until the crashed program says that it waits in its signal handler
wait_ready() {
    crashed+=("$1")
    for _ in $(seq 100); do
        if [ -e "$work/ready" ]; then return; fi
        sleep 0.1
    done
    echo "process $1 did not crash as it should" >&2
    return 1
}

# gdb_frames PROCESS FILE: the frames of the waiting process, for the golden file; the process ends
gdb_frames() {
    gdb -q -batch -nx -iex 'set debuginfod enabled off' -iex 'set backtrace past-main on' -p "$1" \
        -x "$sources/frames.py" 2>"$work/gdb.log" | grep -E '^(thread |  0x)' >"$2"
    kill -9 "$1"
    [ -s "$2" ]
}

# MARK: Crashpad

# crashpad PROGRAM: its handler writes the dump while the program waits in its signal handler, then gdb looks
crashpad() {
    local program=$1
    rm -rf database ready
    mkdir database
    # No environment of this machine: it is on the stack, and so in the dump.
    env -i CATCHER_HANDLER="$handler" CATCHER_DATABASE="$work/database" CATCHER_READY="$work/ready" \
        LD_PRELOAD="$work/catcher.so" LD_LIBRARY_PATH="$libraries" SWIFT_BACKTRACE=enable=no \
        "./$program" 2>"$program.log" &
    local process=$!
    disown "$process"
    wait_ready "$process"
    mv database/pending/*.dmp "$made/$program-crashpad.dmp"
    gdb_frames "$process" "$made/$program-crashpad.frames"
}
crashpad mill
crashpad scale

# MARK: LLDB

# lldb_dump PROGRAM: LLDB starts it, writes the dump at the crash and lets it go; the instruction faults again, now into
# the handler that waits, then gdb looks
lldb_dump() {
    local program=$1
    rm -f ready
    lldb-19 --no-lldbinit --batch -o 'settings set target.inherit-env false' \
        -o "settings set target.env-vars SWIFT_BACKTRACE=enable=no LD_PRELOAD=$work/catcher.so" \
        -o "settings append target.env-vars CATCHER_READY=$work/ready LD_LIBRARY_PATH=$libraries" \
        -o 'process launch' -k 'process status' \
        -k "process save-core --plugin-name=minidump --style=stack $made/$program-lldb.dmp" \
        -k 'process detach' "./$program" >"$program-lldb.log" 2>&1
    local process
    process=$(sed -n 's/^Process \([0-9]*\) stopped$/\1/p' "$program-lldb.log" | head -1)
    wait_ready "$process"
    gdb_frames "$process" "$made/$program-lldb.frames"
}
lldb_dump mill
lldb_dump scale

chmod 644 "$made"/*.dmp
for program in mill scale; do
    echo "$program $(readelf -n "$made/$program" | sed -n 's/.*Build ID: //p')"
done >"$made/build-ids.txt"
{
    gcc --version | head -1
    swiftc --version 2>/dev/null | head -1
    "$handler" --version 2>&1 | head -1
    dpkg-query -W -f '${Package} ${Version}\n' chromium 2>/dev/null || basename "$work"/chromium_*.deb
    lldb-19 --version | head -1
    gdb --version | head -1
    uname -sm
} >"$made/versions.txt"
ls -l "$made"
