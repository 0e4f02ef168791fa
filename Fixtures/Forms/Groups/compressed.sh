# Compressed debug sections: the plain build's frames in each.

# Columns of variables and types make sections large enough to shrink.
compile plain gcc $x86 -gdwarf-5
linked compressed-plain ld $(objects plain)
mv "$made/compressed-plain" plain
golden compressed plain

# pack NAME PROOF VERIFIED TOOL ARGUMENTS...
pack() {
    local name=$1 proof=$2 verified=$3
    shift 3
    "$@" plain "$made/$name"
    proves "$proof" readelf -tW "$made/$name"
    same compressed "$made/$name" --with "${verified// /,}"
    local about="$*"
    [ "$about" != mix ] || about=".debug_info zstd, .debug_line zlib, the rest plain"
    fixture "$name" golden=compressed quality=full verified="$verified" about="$about"
}
pack zlib "ZLIB" "llvm gnu" objcopy --compress-debug-sections=zlib-gabi
# GNU's tool does not find .zdebug_rnglists, LLVM's reads no .zdebug at all; elfutils' does.
pack zdebug "zdebug_rnglists" "none" objcopy --compress-debug-sections=zlib-gnu
if command -v eu-addr2line >/dev/null; then
    cold=$(nm plain | awk '$3 == "grind.cold" { print $1 }')
    proves "clamped inlined at /mill/mill.c:19:25" eu-addr2line -fie "$made/zdebug" "$(printf '0x%x' $((0x$cold + 16)))"
fi
compile older gcc $x86 -gdwarf-4
linked compressed-older ld $(objects older)
mv "$made/compressed-older" plain4
same compressed plain4
objcopy --compress-debug-sections=zlib-gnu plain4 "$made/zdebug4"
proves "zdebug_info" readelf -SW "$made/zdebug4"
same compressed "$made/zdebug4" --with gnu
fixture zdebug4 golden=compressed quality=full verified=gnu about="DWARF 4, objcopy --compress-debug-sections=zlib-gnu"
pack zstd "ZSTD" "llvm gnu" llvm-objcopy-19 --compress-debug-sections=zstd
pack zstd-binutils "ZSTD" "llvm gnu" objcopy --compress-debug-sections=zstd

# A bit of each.
mix() {
    llvm-objcopy-19 --compress-sections=.debug_info=zstd --compress-sections=.debug_line=zlib \
        --compress-sections=.debug_rnglists=zlib "$1" "$2"
}
pack compressed-mixture "ZSTD" "llvm gnu" mix
proves "ZLIB" readelf -tW "$made/compressed-mixture"
proves "debug_abbrev +PROGBITS" readelf -SW "$made/compressed-mixture"
for name in zlib zstd zdebug; do
    [ "$(stat -c %s "$made/$name")" -lt "$(stat -c %s plain)" ]
done
