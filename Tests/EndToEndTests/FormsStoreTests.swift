import Foundation
import Testing

/// Forms in the store: what it says of them, and files that complete each other whatever the order they come in.
@Suite struct FormsStoreTests {
    private struct Report: Decodable {
        struct Outcome: Decodable {
            let path: String
            let status: String
            let reason: String?
            let buildID: String?
        }
        struct Index: Decodable {
            let id: String
            let quality: String?
            let awaited: [String]
        }
        let outcomes: [Outcome]
        let indexes: [Index]
    }

    private func upload(_ symbolist: Installation, _ paths: [String]) async throws -> Report {
        let outcome = try await Tool.run(
            Tool.symbolist, ["upload", "--json", "--no-sources"] + paths, environment: symbolist.environment)
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        for file in report.outcomes { #expect(file.status == "stored", "\(file.path): \(file.reason ?? "")") }
        return report
    }

    private func symbolize(
        _ symbolist: Installation, _ event: FormEvent, _ files: [String] = []
    ) async throws -> Outcome {
        let path = try symbolist.scratch.write(event.json, to: "event.json")
        return try await Tool.run(
            Tool.symbolist, ["symbolize", "--json", path] + files.flatMap { ["--debug-file", $0] },
            environment: symbolist.environment)
    }

    private func check(_ form: Form, _ event: FormEvent, _ enriched: Outcome) throws {
        if form.answers == "none" {
            #expect(try FormEvent.answered(enriched.output) == 0, "\(enriched.output.prefix(2_000))")
            return
        }
        let comparison = try event.compare(enriched.output, less: form.less)
        #expect(comparison.compared > 10)
        #expect(comparison.differences.isEmpty, "\(comparison.summary)\n\(enriched.errors)")
        if form.less != nil { #expect((1..<comparison.compared).contains(comparison.fromLess)) }
        #expect((enriched.status == 0) == (form.quality == "full"), "\(enriched.errors)")
    }

    /// `symbolist upload` says how much each can tell, and how many files would tell more.
    @Test(arguments: Form.all.filter { $0.quality != "full" || !$0.companions.isEmpty })
    func theStoreKnowsWhatItHas(_ form: Form) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let report = try await upload(symbolist, [form.path] + form.companions)
        let best = report.indexes.first { $0.id == report.outcomes.first?.buildID }
        #expect(best?.quality ?? "none" == form.quality, "\(report)")
        // A stripped program waits for the debug file that it names.
        #expect(best?.awaited.count ?? 0 == form.missingFiles + (form.answers == "none" ? 1 : 0), "\(report)")
    }

    @Test func oneUploadTakesAllWholeFiles() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let whole = Form.alone.filter { $0.quality == "full" && !$0.isRelocatable }
        #expect(whole.count > 60)
        let report = try await upload(symbolist, whole.map(\.path))
        // Files that were made from one another have one id, and the best of them an index.
        #expect(report.indexes.count == Set(report.outcomes.map(\.buildID)).count)
        #expect(report.indexes.allSatisfy { $0.quality == "full" && $0.awaited.isEmpty }, "\(report.indexes)")
    }

    /// A kernel module is an object of its own; other relocatable files are what a linker reads.
    @Test func kernelModulesAreStored() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let report = try await upload(symbolist, [Form.folder + "/module.ko"])
        #expect(report.indexes.map(\.quality) == ["full"])
    }

    /// Without a store: the files that somebody names belong together by their ids.
    @Test(arguments: Form.withCompanions) func namedFilesCompleteEachOther(_ form: Form) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let event = try FormEvent(form, try await buildID(of: form))
        for files in [[form.path] + form.companions, form.companions + [form.path]] {
            try check(form, event, try await symbolize(symbolist, event, files))
        }
    }

    /// What comes late makes a better answer.
    @Test(arguments: Form.withCompanions) func theObjectFirst(_ form: Form) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let report = try await upload(symbolist, [form.path])
        let event = try FormEvent(form, try #require(report.outcomes.first?.buildID))
        let before = try await symbolize(symbolist, event)
        #expect(before.status == 1, "\(before.errors)")
        // A separate debug file of the same build id needs no link to it.
        #expect((report.indexes.first?.awaited.isEmpty == false) == (form.name != "separate-build-id"))
        #expect(report.indexes.first?.quality != "full")
        _ = try await upload(symbolist, form.companions)
        try check(form, event, try await symbolize(symbolist, event))
        // What was not known before is not what was known all along.
        #expect(try !event.compare(before.output).differences.isEmpty)
    }

    @Test(arguments: Form.withCompanions) func theObjectLast(_ form: Form) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        for companion in form.companions.reversed() { _ = try await upload(symbolist, [companion]) }
        let report = try await upload(symbolist, [form.path])
        #expect(report.indexes.first?.quality ?? "none" == form.quality)
        let event = try FormEvent(form, try #require(report.outcomes.first?.buildID))
        try check(form, event, try await symbolize(symbolist, event))
    }

    /// An event that was enriched with what there was becomes better by itself when the rest comes.
    @Test(arguments: ["gcc-split5", "dwz-multi5", "dwz-sup", "debuglink"])
    func aWaitingEventIsEnrichedAgain(_ name: String) async throws {
        let form = try Form.named(name)
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let report = try await upload(symbolist, [form.path])
        let event = try FormEvent(form, try #require(report.outcomes.first?.buildID))
        let path = try symbolist.scratch.write(event.json, to: "event.json")
        let enqueue = try await symbolist.symbolist("enqueue", path)
        #expect(enqueue.output == "1\n", "\(enqueue.all)")
        let first = try await symbolist.symbolist("worker", "--until-empty")
        #expect(first.status == 1, "\(first.all)")
        _ = try await upload(symbolist, form.companions)
        let second = try await symbolist.symbolist("worker", "--until-empty")
        #expect(second.status == 0, "\(second.all)")
        let shown = try await symbolist.symbolist("events", "show", "1", "--json")
        let comparison = try event.compare(shown.output)
        #expect(comparison.differences.isEmpty, "\(comparison.summary)")
    }

    /// Text embedded in the line table is a source like any other, without a file anywhere.
    @Test func embeddedTextIsShown() async throws {
        let form = try Form.named("embedded-source")
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let uploaded = try await symbolist.symbolist("upload", "--json", form.path)
        let report = try JSONDecoder().decode(Report.self, from: Data(uploaded.output.utf8))
        let event = try FormEvent(form, try #require(report.outcomes.first?.buildID))
        let enriched = try await symbolize(symbolist, event)
        #expect(enriched.output.contains("if (__builtin_expect(grain->weight > 9000, 0)) {"), "\(uploaded.output)")
    }

    private func buildID(of form: Form) async throws -> String {
        let notes = try await Tool.run("/usr/bin/readelf", ["-nW", form.path])
        return String(try #require(notes.output.firstMatch(of: /Build ID: ([0-9a-f]+)/)?.1))
    }
}
