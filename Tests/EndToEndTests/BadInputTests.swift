import Foundation
import Testing

/// Input that is wrong is normal: it gets its status or a clear error, the raw event stays, the worker goes on.
@Suite struct BadInputTests {
    /// A payload that is nothing, and a word that its reason has.
    struct Junk: Sendable, CustomStringConvertible {
        let description: String
        let bytes: [UInt8]
        let reason: String
        /// Binary dumps are unwound by `enqueue` itself, so junk is refused there; by SQL it gets in all the same.
        var isBinary = false
    }

    static let junk: [Junk] = [
        Junk(
            description: "truncated event", bytes: Array(#"{"exception":{"values":[{"type":"#.utf8), reason: "truncated"
        ),
        Junk(description: "truncated crash log", bytes: Array(crashLog.prefix(2000)), reason: "truncated"),
        Junk(description: "empty object", bytes: Array("{}".utf8), reason: "empty JSON object"),
        Junk(description: "other object", bytes: Array(#"{"colour":"red"}"#.utf8), reason: "colour"),
        Junk(description: "array", bytes: Array("[1,2]".utf8), reason: "array"),
        Junk(description: "blank", bytes: Array(" \n\t ".utf8), reason: "empty"),
        Junk(description: "deep", bytes: Array(repeating: UInt8(ascii: "["), count: 100_000), reason: "JSON"),
        Junk(description: "text", bytes: Array("Segmentation fault (core dumped)\n".utf8), reason: "not recognised"),
        Junk(description: "noise", bytes: noise, reason: "not recognised"),
        Junk(description: "ELF core", bytes: core, reason: "program headers", isBinary: true),
        Junk(
            description: "minidump", bytes: Array("MDMP".utf8) + [UInt8](repeating: 0, count: 200),
            reason: "stream directory", isBinary: true),
    ]

    private static let crashLog = (try? Data(contentsOf: URL(filePath: Till.recorded + "/c.json"))) ?? Data()

    /// The same bytes in every run; the first is no beginning of any format.
    private static let noise: [UInt8] = {
        var state: UInt64 = 7
        return [0xc3]
            + (0..<3000).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
    }()

    /// An ELF header of type 4, ET_CORE.
    private static let core: [UInt8] =
        [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [4, 0, 62, 0, 1, 0, 0, 0]
        + [UInt8](repeating: 0, count: 40)

    @Test func whatIsNothingBecomesADeadLetterWithItsReason() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        for (number, junk) in Self.junk.enumerated() {
            let path = symbolist.scratch.path("payload-\(number)")
            try Data(junk.bytes).write(to: URL(filePath: path))
            let id = try await symbolist.symbolist("enqueue", path)
            if junk.isBinary {
                #expect(id.status == 2 && id.errors.contains(junk.reason), "\(junk): \(id.all)")
                let hexadecimal = junk.bytes.map(hexadecimal).joined()
                _ = try await sql(symbolist, "INSERT INTO raw_events (payload_bytes) VALUES (x'\(hexadecimal)')")
            } else {
                #expect(id.output == "\(number + 1)\n", "\(junk): \(id.all)")
            }

            let direct = try await symbolist.symbolist("symbolize", path)
            #expect(direct.status == 2, "\(junk): \(direct.all)")
            #expect(direct.errors.contains(junk.reason), "\(junk): \(direct.errors)")
            #expect(direct.errors.contains(path) && direct.output.isEmpty, "\(junk): \(direct.all)")
        }
        _ = try await symbolist.symbolist("enqueue", Till.recorded + "/c.json")
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.status == 1, "\(worker.all)")
        #expect(
            worker.output == "1 events enriched (1 with something missing), \(Self.junk.count) dead letters\n")

        for (number, junk) in Self.junk.enumerated() {
            let id = number + 1
            let row = try await sql(symbolist, "SELECT reason, attempts FROM dead_letters WHERE id = \(id)")
            #expect(row.contains(junk.reason) && row.hasSuffix("|1"), "\(junk): \(row)")
            let raw = try await sql(
                symbolist,
                "SELECT hex(coalesce(CAST(payload_text AS BLOB), payload_bytes)) FROM raw_events WHERE id = \(id)")
            #expect(raw == junk.bytes.map(hexadecimal).joined(), "\(junk): the raw event is as it came")
            let shown = try await symbolist.symbolist("events", "show", String(id))
            #expect(shown.status == 2 && shown.errors.contains(junk.reason), "\(junk): \(shown.all)")
        }
    }

    private func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return byte < 16 ? "0" + digits : digits
    }

    private func sql(_ symbolist: Installation, _ statement: String) async throws -> String {
        let outcome = try await Tool.run("/usr/bin/sqlite3", [symbolist.database, statement])
        #expect(outcome.status == 0, "\(outcome.all)")
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    @Test func anEmptyFile() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let empty = try symbolist.scratch.write("", to: "empty")
        for command in ["enqueue", "symbolize"] {
            let outcome = try await symbolist.symbolist(command, empty)
            #expect(outcome.status == 2 && outcome.errors.contains("empty"), "\(command): \(outcome.all)")
        }
        let both = try await symbolist.symbolist("enqueue", empty, Till.recorded + "/c.json")
        #expect(both.status == 1 && both.output == "1\n", "\(both.all)")
        // By SQL it can come all the same.
        _ = try await sql(symbolist, "INSERT INTO raw_events (payload_text) VALUES ('')")
        _ = try await symbolist.symbolist("worker", "--until-empty")
        #expect(try await sql(symbolist, "SELECT id, reason FROM dead_letters") == "2|the input is empty")
        #expect(try await sql(symbolist, "SELECT count(*) FROM raw_events") == "2")
    }

    // MARK: Frames and images

    /// One event with everything wrong that a frame can have, and one frame that is right, in an image that lies over
    /// another one.
    private func mixedEvent() async throws -> String {
        let debug = Till.recorded + "/till.debug"
        let symbols = try await BinaryFacts(debug).symbols
        let function = try #require(symbols.first { $0.name == "tax_class" })
        let address = "0x" + String(0x5555_0000_0000 + function.address + 3, radix: 16)
        let id = try await Self.buildID(debug)
        return """
            {"platform":"native","exception":{"values":[{"type":"SIGSEGV","value":"x","stacktrace":{"frames":[
            {"function":"without address"},{"instruction_addr":"zebra"},{"instruction_addr":"0x10"},
            {"instruction_addr":"0x7f0000000100"},{"instruction_addr":"\(address)"}]}}]},"debug_meta":{"images":[
            {"type":"elf","code_id":"00112233445566778899aabbccddeeff00112233","image_addr":"0x7f0000000000",
             "image_size":4096,"code_file":"/x/unknown"},
            {"type":"elf","code_id":"ff112233445566778899aabbccddeeff00112233","image_addr":"0x5554ffff0000",
             "image_size":10000000,"code_file":"/x/big"},
            {"type":"elf","code_id":"\(id)","image_addr":"0x555500000000","image_size":131072,"code_file":"/x/till"}]}}
            """
    }

    private static func buildID(_ path: String) async throws -> String {
        let notes = try await Tool.run("/usr/bin/readelf", ["-n", path]).output
        return try String(#require(notes.firstMatch(of: /Build ID: ([0-9a-f]+)/)?.1))
    }

    @Test func everyFrameAndImageGetsItsStatus() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("upload", "--no-sources", Till.recorded + "/till.debug")
        let path = try symbolist.scratch.write(try await mixedEvent(), to: "event.json")
        let direct = try await symbolist.symbolist("symbolize", "--json", path)
        #expect(direct.status == 1, "\(direct.errors)")
        let event = try Frames(direct.output)
        let statuses = event.frames.map { ($0["data"] as? [String: Any])?["symbolicator_status"] as? String }
        #expect(statuses == ["malformed", "malformed", "unknown_image", "missing", "symbolicated"])
        #expect(event.own(event.frames[0])["reason"] as? String == "no instruction_addr")
        #expect((event.own(event.frames[1])["reason"] as? String)?.isEmpty == false)
        #expect(event.frames[1]["instruction_addr"] as? String == "zebra", "kept as it came")
        #expect(event.frames[4]["function"] as? String == "tax_class", "of two images the one with the greater start")
        #expect(event.frames[4]["package"] as? String == "/x/till")
        #expect(event.images.map { $0["debug_status"] as? String } == ["missing", "unused", "found"])
        let reason = (event.images[0]["symbolist"] as? [String: Any])?["reason"] as? String
        #expect(reason?.contains("00112233445566778899aabbccddeeff00112233") == true, "\(reason ?? "none")")
        let contexts = event.event["contexts"] as? [String: Any]
        #expect((contexts?["symbolist"] as? [String: Any])?["status"] as? String == "partial")

        _ = try await symbolist.symbolist("enqueue", path)
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.status == 1, "\(worker.all)")
        let shown = try await symbolist.symbolist("events", "show", "1", "--json")
        #expect(shown.output == direct.output)
    }

    @Test func aDebugFileOfAnotherBuild() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let other = try await Specimen.c("gcc", "-O2", "-gdwarf-5").make(in: symbolist.scratch)
        let crash = Till.recorded + "/c.json"
        let named = try await symbolist.symbolist("symbolize", "--json", "--debug-file", other, crash)
        #expect(named.status == 1, "\(named.errors)")
        let image = try #require(try Frames(named.output).images.first)
        #expect(image["debug_status"] as? String == "missing")
        #expect((image["symbolist"] as? [String: Any])?["reason"] as? String != nil)
        #expect(try Frames(named.output).place(of: "tax_class") == nil)

        // At the image's own path lies another build now.
        let text = try String(contentsOfFile: crash, encoding: .utf8).replacing("/app/till", with: other)
        let moved = try symbolist.scratch.write(text, to: "moved.json")
        let local = try await symbolist.symbolist("symbolize", "--json", "--local-files", moved)
        let reason =
            (try Frames(local.output).images.first?["symbolist"] as? [String: Any])?["reason"] as? String ?? "none"
        #expect(reason.contains(try await Self.buildID(other)), "\(reason)")
        #expect(reason.contains(try await Self.buildID(Till.recorded + "/till.debug")), "\(reason)")

        for path in [symbolist.scratch.path("absent"), moved] {
            let outcome = try await symbolist.symbolist("symbolize", "--debug-file", path, crash)
            #expect(outcome.status == 2 && outcome.errors.contains(path), "\(outcome.all)")
        }
    }
}
