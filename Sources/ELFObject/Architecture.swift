extension ELFObject {
    /// The machine's name as `uname -m` and target triples write it (`x86_64`, `aarch64`, `armv…` as `arm`), and
    /// `unknown-<e_machine>` for machines that are not in the table.
    public var architecture: String {
        let isLittle = header.byteOrder == .little
        switch header.machine {
        case 2, 18: return "sparc"
        case 3: return "i386"
        case 4: return "m68k"
        case 8, 10: return "mips" + (header.is64Bit ? "64" : "") + (isLittle ? "el" : "")
        case 15: return "hppa"
        case 20: return isLittle ? "powerpcle" : "powerpc"
        case 21: return isLittle ? "powerpc64le" : "powerpc64"
        case 22: return header.is64Bit ? "s390x" : "s390"
        case 40: return isLittle ? "arm" : "armeb"
        case 42: return "sh"
        case 43: return "sparc64"
        case 50: return "ia64"
        case 62: return header.is64Bit ? "x86_64" : "x32"
        case 164: return "hexagon"
        case 183:
            // ELF32 AArch64 is the ILP32 ABI.
            return "aarch64" + (isLittle ? "" : "_be") + (header.is64Bit ? "" : "_ilp32")
        case 243: return header.is64Bit ? "riscv64" : "riscv32"
        case 247: return "bpf"
        case 252: return "csky"
        case 258: return header.is64Bit ? "loongarch64" : "loongarch32"
        default: return "unknown-\(header.machine)"
        }
    }

    /// Machines whose symbol tables carry mapping symbols, labels `$a`, `$d`, `$t`, `$x` that tell code from data and
    /// name no function ("ELF for the Arm Architecture", 4.5.5; likewise AArch64 and RISC-V).
    var hasMappingSymbols: Bool {
        header.machine == 40 || header.machine == 183 || header.machine == 243
    }
}
