/// Registers as the kernel prints them, several on a line.
///
///     RAX: 0000000000000000 RBX: ffff888100a3c000 RCX: 0000000000000000
///     RSP: 0018:ffffc90000a3fe60 EFLAGS: 00010246
///     x29: ffff80001000be10 x28: ffff0000c0a01f80
///     sp : ffff80001000be10
enum KernelRegisters {
    /// The registers of a line in its order, with lower-case names; empty for any other line.
    static func read(_ line: ArraySlice<UInt8>) -> [ReportedThread.Register] {
        var scanner = LineScanner(line.trimmed)
        guard let first = scanner.rest.prefix(8).firstIndex(of: UInt8(ascii: ":")),
            Self.name(scanner.rest[..<first].trimmed) != nil
        else { return [] }
        var registers: [ReportedThread.Register] = []
        while registers.count < 16, let text = scanner.until(":") {
            let name = Self.name(text.trimmed)
            scanner.skipSpaces()
            guard var value = scanner.hexadecimal() else { break }
            // A selector in front: `RSP: 0018:ffff…`.
            if scanner.skip(":") {
                guard let second = scanner.hexadecimal() else { break }
                value = second
            }
            guard scanner.isAtEnd || scanner.skipSpaces() > 0 else { break }
            if let name { registers.append(ReportedThread.Register(name: name, value: value)) }
        }
        return registers
    }

    private static func name(_ text: ArraySlice<UInt8>) -> String? {
        guard (2...6).contains(text.count) else { return nil }
        let name = text.text.lowercased()
        return names.contains(name) ? name : nil
    }

    private static let names: Set<String> = Set(
        ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "eflags", "cr2", "sp", "pstate"]
            + (10...15).map { "r\($0)" } + (0...30).map { "x\($0)" }
            + ["r08", "r09", "eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"])
}
