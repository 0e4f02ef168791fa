#!/bin/bash
# Crashes crash.c in every way that it knows and keeps what this machine's kernel says: real.log.
# Needs root (or kernel.dmesg_restrict=0), debug.exception-trace=1, clang, ld.lld-19. The programs stay in $1 (default: a
# temporary folder), to hold the lines against; golden.txt is made with addr2line on them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d)}
cd "$folder"
export SWIFT_BACKTRACE=enable=no
ulimit -c 0
clang -g -O1 -Wl,--build-id=sha1 "$here/crash.c" -o crash-default
clang -g -O1 -Wl,--build-id=sha1 --ld-path=/usr/bin/ld.lld-19 "$here/crash.c" -o crash-lld
clang -g -O1 -no-pie -Wl,--build-id=sha1 "$here/crash.c" -o crash-fixed
: > "$here/real.log"
: > "$here/golden.txt"
for program in crash-default crash-lld crash-fixed; do
    for how in read write readonly jump execute illegal breakpoint divide protection overflow library; do
        # The kernel limits how many of these lines it writes: five in five seconds.
        sleep 1.2
        ./$program $how >/dev/null 2>&1 &
        pid=$!
        wait $pid 2>/dev/null || true
        dmesg | grep -A1 -F "[$pid]" | awk -v pid="[$pid]" 'index($0, pid) || (seen && /Code:/) { print; seen = 1 }' |
            tee one.txt >> "$here/real.log"
        line=$(grep -F "[$pid]" one.txt || true)
        offset=$(sed -nE 's/.* in crash[^[]*\[([0-9a-f]+),.*/\1/p' <<< "$line")
        [ -n "$offset" ] || continue
        # File offset -> address through the load segments, then the function.
        address=$(readelf -lW $program | python3 -c '
import sys
offset = int(sys.argv[1], 16)
for line in sys.stdin:
    part = line.split()
    if part[:1] == ["LOAD"] and int(part[1], 16) <= offset < int(part[1], 16) + int(part[4], 16):
        print(hex(offset - int(part[1], 16) + int(part[2], 16)))' "$offset")
        echo "$program $how offset=0x$offset address=$address $(addr2line -fe $program "$address" | head -1)" >> "$here/golden.txt"
    done
done
