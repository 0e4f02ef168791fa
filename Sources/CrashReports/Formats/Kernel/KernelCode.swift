/// The line `Code:` below a fault: the program's bytes around the instruction pointer.
///
///     Code: 10 5b c3 … 00 <8b> 04 25 10        x86, one byte marked
///     Code: d4210000 a9bf7bfd (f9400000)       AArch64, one instruction marked: not of use for a file's bytes
///     Code: Unable to access opcode bytes at 0x7fa89ab8dfd6.
enum KernelCode: Equatable {
    /// The bytes, and the index of the one at the instruction pointer.
    case bytes([UInt8], mark: Int)
    case unreadable

    /// The longest line: the kernel prints 64 bytes.
    private static let limit = 256

    /// `nil` for any other line.
    init?(_ line: ArraySlice<UInt8>) {
        var scanner = LineScanner(line)
        scanner.skipSpaces()
        guard scanner.skip("Code: ") else { return nil }
        if scanner.skip("Unable to access") || scanner.skip("Bad ") {
            self = .unreadable
            return
        }
        var bytes: [UInt8] = []
        var mark: Int?
        while true {
            scanner.skipSpaces()
            if scanner.isAtEnd { break }
            let isMarked = scanner.skip("<")
            guard bytes.count < Self.limit, scanner.rest.count >= 2,
                let high = LineScanner.digit(scanner.rest[scanner.rest.startIndex]),
                let low = LineScanner.digit(scanner.rest[scanner.rest.startIndex + 1])
            else { return nil }
            scanner = LineScanner(scanner.rest.dropFirst(2))
            if isMarked {
                guard mark == nil, scanner.skip(">") else { return nil }
                mark = bytes.count
            }
            guard scanner.isAtEnd || scanner.rest.first == 0x20 else { return nil }
            bytes.append(high << 4 | low)
        }
        guard let mark else { return nil }
        self = .bytes(bytes, mark: mark)
    }
}
