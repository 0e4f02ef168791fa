# Other processors: a linked program and a relocatable file each, made by Debian's cross compilers.

# machine NAME TRIPLE MACHINE FLAGS...
machine() {
    local name=$1 triple=$2 proof=$3
    shift 3
    compile "$name" $triple-gcc -fno-pic -gdwarf-5 "$@"
    # The same program has a unit that was compiled in another way.
    [ "$name" != arm ] || compile_one arm-scale.o $triple-gcc scale.c -fno-pic -gdwarf-4 "$@" -marm
    linked "$name" $triple-ld $(objects "$name")
    proves "Machine: +$proof" readelf -hW "$made/$name"
    golden "$name" "$made/$name" --addr2line $triple-addr2line
    fixture "$name" golden="$name" quality=full verified="llvm gnu" about="$triple-gcc"

    $triple-ld -r "--build-id=0x$(identity "$name.o")" -o "$made/$name.o" $(objects "$name")
    # Every section of code in the order of the file, far from the next one.
    echo 'SECTIONS { . = 0x400000; }' >orphans.ld
    # Relaxing would make code shorter than in the relocatable file.
    $triple-ld -static --no-relax -T orphans.ld --build-id=none -o linked "$made/$name.o" 2>log || { cat log >&2; exit 1; }
    golden linked linked --with llvm
    "$python" "$forms/Tools/golden.py" sections "$made/$name.o" linked <"$made/linked.golden.jsonl" >"$made/$name.o.golden.jsonl"
    rm "$made/linked.golden.jsonl"
    same "$name.o" "$made/$name.o" --with gnu --addr2line $triple-addr2line
    fixture "$name.o" golden="$name.o" quality=full verified="llvm on the linked file, gnu" about="$triple-gcc, relocatable"
}
machine aarch64 aarch64-linux-gnu AArch64
machine arm arm-linux-gnueabihf ARM -mcpu=cortex-a15 -mthumb
machine i386 i686-linux-gnu "Intel 80386" -fcf-protection=none
machine riscv64 riscv64-linux-gnu RISC-V
machine s390x s390x-linux-gnu "IBM S/390"
machine ppc64le powerpc64le-linux-gnu PowerPC64
