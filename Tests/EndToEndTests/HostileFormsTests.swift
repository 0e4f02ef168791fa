import Foundation
import Testing

/// Objects that somebody built to do harm, by `Tests/Hostile/hostile.py`: links that lead to pipes, devices and the
/// network, decompression bombs, headers that lie, cycles, nesting, tables without an end.
@Suite struct HostileFormsTests {
    /// One object of the manifest.
    private struct Form: Decodable {
        let name: String
        /// What the error or the problem must name.
        let says: String?
        let build_id: String
    }

    private func make(in symbolist: Installation) async throws -> (folder: String, forms: [Form]) {
        let folder = symbolist.scratch.path("hostile")
        let made = try await Tool.run("/usr/bin/env", ["python3", Tool.root + "/Tests/Hostile/hostile.py", folder])
        #expect(made.status == 0, "\(made.all)")
        let manifest = try Data(contentsOf: URL(filePath: folder + "/manifest.json"))
        return (folder, try JSONDecoder().decode([Form].self, from: manifest))
    }

    /// Each gives an index or an error, in time; both name the file, and the place that is wrong.
    @Test func eachIsAnsweredOrRefused() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let (folder, forms) = try await make(in: symbolist)
        #expect(forms.count > 90)
        for form in forms {
            let path = folder + "/" + form.name
            let index = symbolist.scratch.path("index")
            try? FileManager.default.removeItem(atPath: index)
            let build = try await symbolist.symbolist("index", "build", "--parser-time", "60", "-o", index, path)
            #expect((0...2).contains(build.status), "\(form.name): \(build.all)")
            #expect(!build.all.contains("killed by") && !build.all.contains("signal"), "\(form.name): \(build.all)")
            let isBuilt = FileManager.default.fileExists(atPath: index)
            #expect(isBuilt == (build.status != 2), "\(form.name): \(build.all)")
            if !isBuilt { #expect(build.errors.contains(form.name), "\(form.name): \(build.all)") }
            var said = build.all
            if isBuilt {
                let verified = try await symbolist.symbolist("index", "verify", index)
                #expect(verified.status == 0, "\(form.name): \(verified.all)")
                said += try await symbolist.symbolist("index", "show", index).all
            }
            if let says = form.says { #expect(said.contains(says), "\(form.name): \(said)") }
            let answer = try await symbolist.symbolist("addr2line", "-afi", "-e", path, "0x401000")
            #expect(answer.status == 0 || answer.status == 1, "\(form.name): \(answer.all)")
            #expect(
                answer.status == 0
                    ? answer.output.hasPrefix("0x0000000000401000\n") : answer.errors.contains(form.name),
                "\(form.name): \(answer.all)")
        }
    }

    /// The store takes what can be identified and says why it refuses the rest; a worker whose event names them all
    /// goes on.
    @Test func uploadAndWorkerSurviveAll() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let (folder, forms) = try await make(in: symbolist)
        let healthy = Till.recorded + "/till.debug"
        let upload = try await Tool.run(
            Tool.symbolist,
            ["upload", "--json", "--no-sources", healthy] + forms.map { folder + "/" + $0.name } + [folder + "/pipe"],
            environment: symbolist.environment)
        #expect(upload.status == 1, "\(upload.errors)")
        let report = try JSONSerialization.jsonObject(with: Data(upload.output.utf8)) as? [String: Any]
        let outcomes = try #require(report?["outcomes"] as? [[String: Any]])
        #expect(outcomes.count == forms.count + 2)
        for outcome in outcomes where outcome["status"] as? String == "failed" {
            #expect((outcome["reason"] as? String)?.isEmpty == false, "\(outcome)")
        }
        #expect(outcomes.first { $0["path"] as? String == healthy }?["status"] as? String == "stored")

        var base = 0x10_0000_0000
        var images: [String] = []
        var frames: [String] = []
        for form in forms {
            images.append(
                """
                {"type": "elf", "code_id": "\(form.build_id)", "code_file": "/x/\(form.name)", "image_size": 8192,
                 "image_addr": "0x\(String(base, radix: 16))"}
                """)
            frames.append(#"{"instruction_addr": "0x\#(String(base + 0x1004, radix: 16))"}"#)
            base += 0x10_0000
        }
        let event = try symbolist.scratch.write(
            """
            {"event_id": "0123456789abcdef0123456789abcdef", "platform": "native",
             "exception": {"values": [{"type": "SIGSEGV", "stacktrace": {"frames": [\(frames.joined(separator: ", "))]}}]},
             "debug_meta": {"images": [\(images.joined(separator: ", "))]}}
            """, to: "event.json")
        let enqueue = try await symbolist.symbolist("enqueue", event, Till.recorded + "/c.json")
        #expect(enqueue.status == 0, "\(enqueue.all)")
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.status == 0 || worker.status == 1, "\(worker.all)")
        #expect(worker.output.hasPrefix("2 events enriched"), "\(worker.all)")
        let shown = try await symbolist.symbolist("events", "show", "1", "--json").output
        #expect(shown.contains("nesting-blocks") && shown.contains("main"), "what can be read is read")
        let other = try await symbolist.symbolist("events", "show", "2").output
        #expect(other.contains("tax.c:"), "\(other)")
    }

    /// Cut at every 4 KB, and once between: an answer about what is left, or an error.
    @Test(arguments: ["Till/Recorded/till.debug", "Forms/Made/clang-dwarf5"])
    func cutFilesAreAnsweredOrRefused(_ fixture: String) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let whole = try Data(contentsOf: URL(filePath: Tool.root + "/Fixtures/" + fixture))
        let steps = Array(stride(from: 0, to: whole.count, by: 4096))
        let lengths = steps + [1, 63, 64, 65, whole.count / 2 + 7, whole.count - 1]
        var paths: [String] = []
        for length in lengths {
            let path = symbolist.scratch.path("cut-\(length)")
            try whole.prefix(length).write(to: URL(filePath: path))
            paths.append(path)
            let answer = try await symbolist.symbolist("addr2line", "-afi", "-e", path, "0x3000")
            #expect(answer.status == 1, "its section headers stood at its end: \(answer.all)")
            #expect(answer.errors.contains("cut-\(length)"), "\(answer.all)")
        }
        let upload = try await Tool.run(
            Tool.symbolist, ["upload", "--json", "--no-sources"] + paths, environment: symbolist.environment)
        #expect(upload.status != 0, "\(upload.all)")
        let report = try JSONSerialization.jsonObject(with: Data(upload.output.utf8)) as? [String: Any]
        let outcomes = try #require(report?["outcomes"] as? [[String: Any]])
        #expect(outcomes.count == paths.count)
        for outcome in outcomes {
            #expect(outcome["status"] as? String != "stored", "\(outcome)")
            #expect((outcome["reason"] as? String)?.isEmpty == false, "\(outcome)")
        }
    }
}
