#!/usr/bin/env bash
# Builds the programs of Sources/ and records what Swift's backtracer says about their crashes, in Recorded/.
#
# The programs are built and run in /tmp/shop-reports, so that no other path is recorded, with address space randomisation
# switched off, so that text and JSON of one crash have the same addresses. The expectations (Recorded/*.decoded) are made
# by the tests: SYMBOLIST_REMAKE_GOLDEN=1 swift test --filter SwiftRecordingTests
set -uo pipefail
cd "$(dirname "$0")"
here=$PWD
place=/tmp/shop-reports
rm -rf "$place"
mkdir "$place"
trap 'rm -rf "$place"' EXIT
cp Sources/*.swift "$place"
cd "$place" || exit 1

flags="-g -Xcc -fno-omit-frame-pointer -parse-as-library"
swiftc -O $flags shop.swift -o shop
swiftc -O $flags stack.swift -o stack
swiftc -O $flags -static-stdlib shop.swift -o shop-static
swiftc -O -g toplevel.swift -o toplevel
objcopy --remove-section=.note.gnu.build-id shop shop-without-id
cp shop "shop at work in town"
cp shop 'shop "x" \ y'

rm -rf "$here/Recorded"
mkdir "$here/Recorded"

# record NAME SETTINGS PROGRAM ARGUMENTS…: standard error into Recorded/NAME
record() {
    out=$here/Recorded/$1 settings=$2
    case $1 in /*) out=$1 ;; esac
    shift 2
    # The shell's own word about the death goes nowhere.
    (SWIFT_BACKTRACE=enable=yes,interactive=no,$settings setarch -R "$@" >/dev/null 2>"$out"; true) 2>/dev/null
}

plain=color=no
# Presets and symbolication.
record index-auto.txt $plain ./shop index
record index-friendly.txt $plain,preset=friendly ./shop index
record index-medium.txt $plain,preset=medium ./shop index
record index-fast.txt $plain,symbolicate=fast ./shop index
record index-color.txt color=yes ./shop index
record index-color-friendly.txt color=yes,preset=friendly ./shop index
record overflow-color.txt color=yes,registers=none ./shop overflow
record group-images.txt $plain,symbolicate=off,images=all ./shop group
record group-friendly.txt $plain,preset=friendly ./shop group
record group-friendly-off.txt $plain,preset=friendly,symbolicate=off,images=all ./shop group
# Threads, registers, images.
record threads-off.txt $plain,symbolicate=off,registers=all ./shop threads
record threads-crashed.txt $plain,threads=crashed,registers=none,images=none ./shop threads
record threads-full.txt $plain,registers=all,sanitize=yes ./shop threads
# Limits.
record stack-short.txt $plain,symbolicate=off,limit=8,top=3,registers=none ./shop stack
record stack-medium.txt $plain,preset=medium,limit=12,top=3,registers=none ./shop stack
record stack-limit.txt $plain,symbolicate=off,limit=64 ./shop stack
record stack-friendly.txt $plain,preset=friendly,limit=12,top=3 ./shop stack
# Kinds of crashes.
record overflow.txt $plain,registers=none ./shop overflow
record nil.txt $plain,registers=none ./shop nil
record closure.txt $plain,registers=none ./shop closure
record closure-mangled.txt $plain,registers=none,demangle=no ./shop closure
record fatal.txt $plain,symbolicate=off,registers=none ./shop fatal
record lines.txt $plain,symbolicate=off,registers=none ./shop lines
record precondition.txt $plain,symbolicate=off,registers=none ./shop precondition
record toplevel.txt $plain,registers=none ./toplevel
record abort.txt $plain,images=all ./shop abort
record raise.txt $plain,registers=none ./shop raise
record bus.txt $plain,registers=none ./shop bus
record divide.txt $plain,registers=none ./shop divide
record pointer.txt $plain,sanitize=yes,threads=crashed ./shop pointer
# Images.
record without-id.txt $plain,registers=none ./shop-without-id closure
record odd-name.txt $plain,registers=none "./shop at work in town" closure
record static.txt "$plain,registers=none,swift-backtrace=$(dirname "$(command -v swift)")/../libexec/swift/linux/swift-backtrace-static" \
    ./shop-static index
# To a file: the signal's line stays on standard error.
record to-file.stderr $plain,output-to=$here/Recorded/to-file.txt,symbolicate=off,registers=none ./shop fatal
# JSON and text, alone in files: with settings of one length, because the environment lies on the stack that overflows.
for mode in index group stack; do
    for symbolicate in off full; do
        for format in json text; do
            name=$mode-$symbolicate.$format
            record /dev/null format=$format,color=no,symbolicate=$symbolicate,limit=12,top=3,output-to=$place/report ./shop $mode
            mv "$place/report" "$here/Recorded/${name/%text/txt}"
        done
    done
done
# JSON behind other lines.
record overflow.json format=json,registers=all,symbolicate=full ./shop overflow
record threads.json format=json,symbolicate=off,registers=all,threads=crashed ./shop threads
record abort.json format=json,symbolicate=off,images=none,registers=none ./shop abort
record lines.json format=json,symbolicate=off,registers=none ./shop lines
record odd-name.json format=json,registers=none './shop "x" \ y' closure
# Runtime.Backtrace.
setarch -R ./stack >"$here/Recorded/stack-object.json"
setarch -R ./stack log >"$here/Recorded/stack-in-log.txt"
du -sh "$here/Recorded"
