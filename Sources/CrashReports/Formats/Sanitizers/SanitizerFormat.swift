/// Reports of AddressSanitizer, LeakSanitizer, ThreadSanitizer, UndefinedBehaviorSanitizer, MemorySanitizer and libFuzzer,
/// from clang and gcc.
///
///     ==4242==ERROR: AddressSanitizer: heap-use-after-free on …       headline  ─▶ type
///     READ of size 4 at 0x… thread T1                                 heading   ─▶ value
///         #0 0x… in f /src/a.c:12                                     stack     ─▶ the crash
///     0x… is located 12 bytes inside of …                             hint
///     freed by thread T0 here:                                        heading   ─▶ name of a further thread
///         #0 0x… in free …                                            stack
///     SUMMARY: AddressSanitizer: heap-use-after-free …                fact
///     Shadow bytes around the buggy address: …                        left out
///     ==4242==ABORTING
///
/// Return addresses are printed less one, so every address is looked up as it is. That is wrong in one place: the frame
/// behind a signal trampoline was exact and is printed less one as well. In stacks that a signal handler took (libFuzzer's
/// deadly signal) it gets the byte back.
enum SanitizerFormat: TextFormat {
    static let format = DecodedReport.Format.sanitizer

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        let line = line.trimmed
        return SanitizerHeadline.mayBe(line) || isSignalNotice(line)
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        var understood = 0
        while understood < 4, let line = lines.line?.trimmed, line.isEmpty || isRule(line) || isSignalNotice(line) {
            understood += 1
            lines.advance()
        }
        guard let first = lines.line, let headline = SanitizerHeadline(first.trimmed) else {
            throw TextMismatch(
                line: lines.number, expected: "a sanitizer's headline, ERROR: AddressSanitizer: … for one",
                understood: 0)
        }
        lines.advance()
        var body = SanitizerBody(headline)
        var end = lines.position
        var idle = 0
        reading: while let line = lines.line {
            let next = lines.line(ahead: 1)?.trimmed
            switch body.take(line, next: next) {
            case .understood: (end, idle) = (lines.position + 1, 0)
            case .unknown: idle += 1
            case .last:
                end = lines.position + 1
                break reading
            case .next: break reading
            }
            // Behind the end of a report that was cut off lies the rest of a log.
            if idle > (headline.isRuntimeError ? 4 : 64) { break }
            lines.advance()
        }
        lines.move(to: end)
        guard let crash = body.crash() else {
            throw TextMismatch(line: lines.number, expected: "a stack", understood: understood + 1)
        }
        return .crash(crash)
    }

    /// A rule of equals signs: AddressSanitizer's has 65, ThreadSanitizer's 18.
    static func isRule(_ line: ArraySlice<UInt8>) -> Bool {
        (line.count == 65 || line.count == 18) && line.allSatisfy { $0 == UInt8(ascii: "=") }
    }

    /// `AddressSanitizer:DEADLYSIGNAL`, printed before the report.
    private static func isSignalNotice(_ line: ArraySlice<UInt8>) -> Bool {
        line.count < 60 && line.suffix(22).elementsEqual("Sanitizer:DEADLYSIGNAL".utf8)
    }
}
