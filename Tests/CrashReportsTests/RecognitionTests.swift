import CrashEvent
import CrashReports
import Testing

@Suite struct RecognitionTests {
    private static let known =
        "looked for " + DecodedReport.Format.allCases.map(\.name).joined(separator: ", ")

    private func message(_ bytes: [UInt8]) -> String {
        do throws(CrashReportError) {
            return "decoded as \(try CrashReports.decode(bytes).format)"
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("", "the input is empty"), (" \n\t", "the input is empty"),
        ("[]", "a JSON array, not an object; " + known), ("{}", "an empty JSON object; " + known),
        (
            #"{"a":1,"b":2,"c\n":3}"#,
            "a JSON object with the keys a, b, c.; neither a Sentry event (exception, threads, stacktrace, debug_meta or "
                + "event_id) nor a Swift crash log (kind \"crashReport\")"
        ),
        (
            #"{"architecture":"x86_64","backtrace":"AgA"}"#,
            "looks like an encoded Swift Runtime.Backtrace, which holds no frames"
        ),
        (
            #"{"event_id":"x","exception":{"#,
            "truncated JSON (it looks like a Sentry event): the JSON ends at byte 29, line 1, expected a key"
        ),
        (
            "{\"timestamp\":1,\n \"kind\":\"crashReport\",\"threads\":[",
            "truncated JSON (it looks like a Swift JSON crash log): the JSON ends at byte 49, line 2, expected a value"
        ),
        ("{\"a\":1,}", "malformed JSON: '}' at byte 7, line 1, expected a key in quotes"),
        ("{\"dsn\":\"x\"}\n{\"type\":\"event\"}\n{}", "decoded as sentryEnvelope"),
        (
            "\n*** Program crashed: Illegal instruction at 0x1 ***\n",
            "closest to a Swift text backtrace, which stops at line 2: expected a thread; " + known
        ),
        (
            "==12==ERROR: AddressSanitizer: SEGV",
            "closest to a sanitizer report, which stops at line 1: expected a stack; " + known
        ),
        ("thread 'main' panicked at src/main.rs:1:1:", "decoded as rustPanic"),
        ("panic: x\n\ngoroutine 1 [running]:", "looks like a Go panic, which is not read"),
        ("Traceback (most recent call last):", "looks like a Python traceback, which is not read"),
        (
            "hello\u{1b}[1m world",
            "not recognised, it begins with \"hello.[1m world\"; " + known
        ),
        (#"{"exception":{}}"#, "decoded as sentryEvent"), (#"{"debug_meta":{}}"#, "decoded as sentryEvent"),
        (#"{"kind":"crashReport"}"#, "decoded as swiftCrashLog"),
    ])
    func saysWhatItIs(_ text: String, _ expected: String) {
        #expect(message(Array(text.utf8)) == expected)
    }

    @Test func binaryFormatsAreNamed() {
        let inChild = ", which is unwound in the sandboxed child; here only text is decoded"
        var elf: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + Array(repeating: 0, count: 57)
        elf[16] = 4
        #expect(message(elf) == "looks like an ELF core dump" + inChild)
        elf[16] = 3
        #expect(message(elf).hasPrefix("looks like an ELF file"))
        elf[5] = 2
        elf[16] = 0
        elf[17] = 4
        #expect(message(elf) == "looks like an ELF core dump" + inChild)
        #expect(message(Array("MDMP....".utf8)) == "looks like a minidump" + inChild)
        #expect(message([0x1f, 0x8b, 8]) == "looks like gzip-compressed data, which has to be unpacked first")
        #expect(message([0xff, 0xfe, 0x7b, 0]) == "looks like UTF-16 text, which has to be converted to UTF-8 first")
        #expect(message([0x7f, 0x45, 0x4c, 0x46]).hasPrefix("looks like an ELF file"))
    }

    @Test func sizeIsLimited() {
        let limits = CrashReportLimits(json: JSONLimits(maximumBytes: 10))
        #expect(throws: CrashReportError.tooLarge(size: 16, limit: 10)) {
            try CrashReports.decode(Array(#"{"exception":{}}"#.utf8), limits: limits)
        }
    }
}
