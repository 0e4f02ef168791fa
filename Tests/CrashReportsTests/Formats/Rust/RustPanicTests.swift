import Testing

@testable import CrashReports

@Suite struct RustPanicTests {
    @Test(
        "reads headlines of every release",
        arguments: [
            "thread 'main' panicked at src/main.rs:4:5:\ntext\nstack backtrace:\n   0: f\n",
            "thread 'main' (4242) panicked at src/main.rs:4:5:\ntext\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
            "thread 'main' panicked at 'text', src/main.rs:4:5\nstack backtrace:\n   0: f\n",
            "thread 'main' panicked at 'text', src/main.rs:4:5\nnext line of the log\n",
        ])
    func headlines(_ text: String) {
        let crash = reports(in: text).first
        #expect(crash?.value == "text")
        #expect(crash?.threads.first?.name == "main")
        #expect(crash?.facts.first { $0.key == "location" }?.json == Array("\"src/main.rs:4:5\"".utf8))
    }

    @Test("reads messages of several lines")
    func messages() {
        let new = "thread 'a b' panicked at m.rs:1:2:\none\n  two\n\nstack backtrace:\n   0:     0x10 - f\n"
        #expect(reports(in: new).first?.value == "one\n  two")
        let old = "thread 'a b' panicked at 'one\ntwo', m.rs:1:2\nstack backtrace:\n   0:     0x10 - f\n"
        #expect(reports(in: old).first?.value == "one\ntwo")
        // Without a backtrace or a note only the first line is known to belong to it.
        let open = reports(in: "thread 'a' panicked at m.rs:1:2:\none\n12:00 the log goes on\n")
        #expect(open.first?.value == "one")
    }

    @Test("finds several panics, and says what cannot be looked up")
    func several() {
        let text = """
            thread 'a' panicked at m.rs:1:2:
            one
            stack backtrace:
               0:     0x10 - f
                           at /m.rs:1:2
               1:     0x10 - g
               2:     0x20 - <unknown>
                  [... omitted 3 frames ...]
               3:      0x0 - <unknown>
            thread '<unnamed>' panicked at m.rs:3:4:
            two
            thread 'c' panicked at m.rs:5:6:
            three
            stack backtrace:
               0: f
                         at /m.rs:1:2
            note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
            """
        let found = reports(in: text)
        #expect(found.map(\.value) == ["one", "two", "three"])
        let frames = found[0].threads[0].frames
        #expect(frames.map(\.address) == [.absolute(0x10), .absolute(0x20), nil])
        #expect(frames.map(\.kind) == [.returnAddress, .returnAddress, .omitted])
        #expect(frames[0].function == "g" && frames[0].reported.count == 2)
        #expect(found[0].notes.contains { $0.contains("load address") })
        #expect(found[1].threads[0].name == nil && found[1].threads[0].frames.first?.line == 3)
        #expect(found[2].threads[0].frames.first?.address == nil)
        #expect(found[2].notes.contains { $0.contains("RUST_BACKTRACE=full") })
    }
}
