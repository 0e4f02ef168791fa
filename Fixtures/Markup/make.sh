#!/bin/bash
# Builds ../KernelLogs/crash.c twice, writes a log in LLVM's symbolizer markup about the two programs, and has
# llvm-symbolizer read it: log.txt and golden.txt. Needs clang, ld.lld-19, llvm-symbolizer-19.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d)}
mkdir -p "$folder"
cd "$folder"
cp "$here/../KernelLogs/crash.c" .
clang -g -O1 -fdebug-compilation-dir=/srv/till -Wl,--build-id=sha1 --ld-path=/usr/bin/ld.lld-19 crash.c -o crash-lld
clang -g -O1 -fdebug-compilation-dir=/srv/till -no-pie -Wl,--build-id=sha1 --ld-path=/usr/bin/ld.lld-19 crash.c -o crash-fixed
python3 - "$here/log.txt" <<'PYTHON'
import re, subprocess, sys
def tool(*words): return subprocess.run(words, capture_output=True, text=True, check=True).stdout
def build(program): return re.search(r"Build ID: (\w+)", tool("readelf", "-n", program))[1]
def symbol(program, name):
    return next(int(l.split()[1], 16) for l in tool("readelf", "-sW", program).splitlines() if l.split()[-1:] == [name] and "FUNC" in l)
def maps(program, start, module):
    for line in tool("readelf", "-lW", program).splitlines():
        part = line.split()
        if part[:1] != ["LOAD"]: continue
        low = int(part[2], 16) & ~4095
        high = (int(part[2], 16) + int(part[5], 16) + 4095) & ~4095
        flags = "".join(f for f in "rwx" if {"r": "R", "w": "W", "x": "E"}[f] in "".join(part[6:-1]))
        yield f"{{{{{{mmap:{start + low:#x}:{high - low:#x}:load:{module}:{flags}:{low:#x}}}}}}}"
lines = ["starting", "{{{reset}}}"]
base = 0x7f0000000000
lines += [f"{{{{{{module:0:crash-lld:elf:{build('crash-lld')}}}}}}}", *maps("crash-lld", base, 0)]
def at(name, more): return base + symbol("crash-lld", name) + more
lines += ["the drawer is stuck at {{{pc:%#x:pc}}} and {{{symbol:main}}}, see {{{data:%#x}}}" % (at("illegal", 0), base + 0x3000)]
lines += ["    {{{bt:0:%#x:pc}}}" % at("readNull", 0), "    {{{bt:1:%#x:ra}}}" % at("main", 20), "    {{{bt:2:%#x}}}" % at("main", 40)]
lines += ["{{{dumpfile:sancov:sancov.8675}}}", "allocated here:"]
lines += ["[till] {{{bt:0:%#x:ra}}}" % at("divide", 8), "[till] {{{bt:1:%#x}}}" % at("main", 60)]
lines += ["{{{reset}}}", f"{{{{{{module:7:crash-fixed:elf:{build('crash-fixed')}}}}}}}", *maps("crash-fixed", 0, 7)]
lines += ["{{{bt:0:%#x:pc}}}" % symbol("crash-fixed", "writeNull"), "done"]
open(sys.argv[1], "w").write("\n".join(lines) + "\n")
PYTHON
for program in crash-lld crash-fixed; do
    id=$(readelf -n $program | sed -n 's/.*Build ID: //p')
    mkdir -p ids/.build-id/${id:0:2}
    cp $program ids/.build-id/${id:0:2}/${id:2}.debug
done
llvm-symbolizer-19 --filter-markup --debug-file-directory="$PWD/ids" < "$here/log.txt" | sed "s#$PWD#/srv/till#" > "$here/golden.txt"
