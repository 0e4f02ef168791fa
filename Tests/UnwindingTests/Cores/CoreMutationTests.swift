import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// Real cores and call-frame tables, truncated and changed at random with fixed seeds. libdw could end the process on
/// damaged tables; it never did in these runs, so they need no process of their own.
@Suite(
    "Damaged cores", .serialized,
    .enabled(if: CrashWorkshop.problem == nil, Comment(rawValue: "no cores here: \(CrashWorkshop.problem ?? "")")))
struct CoreMutationTests {
    /// xorshift: a failure can be made again from its seed.
    struct Generator {
        var state: UInt64

        mutating func next(below limit: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(limit))
        }
    }

    private func contents(_ path: String) throws -> [UInt8] {
        [UInt8](try #require(FileManager.default.contents(atPath: path)))
    }

    /// Unwinds bytes with these files for the modules of the same path; a refusal is an answer.
    private func answer(_ bytes: [UInt8], _ files: [String: Int32]) throws -> UnwoundDump? {
        try withTemporaryFile(bytes) { descriptor in
            do {
                let inspection = try DumpUnwinding.inspect(descriptor, name: "damaged", limits: UnwindLimits())
                var request = DumpRequest(name: "damaged")
                var descriptors: [Int32] = []
                for (index, module) in inspection.modules.enumerated() {
                    guard let file = files[module.path] else { continue }
                    request.files.append(.init(module: index, isDebugFile: false, name: module.path))
                    descriptors.append(file)
                }
                return try DumpUnwinding.unwind(request, dump: descriptor, files: descriptors)
            } catch let error as DumpError {
                #expect(error.message.hasPrefix("damaged: "))
                return nil
            }
        }
    }

    /// A crash in a signal handler, with the descriptors of its modules' files.
    private func sample(_ workshop: CrashWorkshop) throws -> (program: String, core: [UInt8], files: [String: Int32]) {
        let program = try workshop.build(
            "program", ["gcc", "-O1", "-fno-optimize-sibling-calls"], source: "nested.c")
        let core = try workshop.crash(program, ["handler"])
        var files: [String: Int32] = [:]
        for module in try unwoundLocally(core).inspection.modules {
            let descriptor = open(module.path, O_RDONLY | O_CLOEXEC)
            if descriptor >= 0 { files[module.path] = descriptor }
        }
        return (program, try contents(core), files)
    }

    @Test func truncatedEvery4KB() throws {
        let workshop = try CrashWorkshop()
        let (_, core, files) = try sample(workshop)
        defer { files.values.forEach { close($0) } }
        let whole = try #require(try answer(core, files))
        #expect(whole.threads[0].end == UnwoundThread.outermost)
        var shortened = 0
        for size in stride(from: 0, to: core.count, by: 4096) {
            guard let dump = try answer(Array(core.prefix(size)), files) else { continue }
            shortened += 1
            let says = dump.inspection.notes.contains { $0.contains("truncated") || $0.contains("behind the end") }
            #expect(says, "\(size) bytes: \(dump.inspection.notes)")
        }
        #expect(shortened > 10)
    }

    @Test(arguments: [11, 222, 3333]) func changedCores(seed: UInt64) throws {
        let workshop = try CrashWorkshop()
        let (_, core, files) = try sample(workshop)
        defer { files.values.forEach { close($0) } }
        var generator = Generator(state: seed)
        var answers = 0
        for _ in 0..<1000 {
            var bytes = core
            for _ in 0...generator.next(below: 12) {
                // Headers and notes are where the structure is.
                let place = generator.next(below: generator.next(below: 2) == 0 ? min(8192, bytes.count) : bytes.count)
                bytes[place] = UInt8(generator.next(below: 256))
            }
            if try answer(bytes, files) != nil { answers += 1 }
        }
        #expect(answers > 500)
    }

    @Test(arguments: [5, 66, 777]) func changedCallFrameTables(seed: UInt64) throws {
        let workshop = try CrashWorkshop()
        let (program, core, files) = try sample(workshop)
        defer { files.values.forEach { close($0) } }
        // The workshop's folder goes with it.
        let original = try withExtendedLifetime(workshop) { try contents(program) }
        let table = try section(".eh_frame", of: original)
        var generator = Generator(state: seed)
        var ends: [String: Int] = [:]
        for _ in 0..<700 {
            var bytes = original
            for _ in 0...generator.next(below: 12) {
                bytes[table.lowerBound + generator.next(below: table.count)] = UInt8(generator.next(below: 256))
            }
            let end = try withTemporaryFile(bytes) { changed in
                let changedFiles = files.merging([program: changed]) { $1 }
                return try answer(core, changedFiles)?.threads.first?.end
            }
            ends[end ?? "refused", default: 0] += 1
        }
        #expect(ends.count > 2, "\(ends)")
    }

    /// Where a section's bytes are.
    private func section(_ name: String, of file: [UInt8]) throws -> Range<Int> {
        let headers = Int(LoadedImage.number(file, 40, 8))
        let count = Int(LoadedImage.number(file, 60, 2))
        let names = Int(LoadedImage.number(file, headers + Int(LoadedImage.number(file, 62, 2)) * 64 + 24, 8))
        for index in 0..<count {
            let header = headers + index * 64
            let start = names + Int(LoadedImage.number(file, header, 4))
            let text = String(decoding: file[start...].prefix { $0 != 0 }, as: UTF8.self)
            guard text == name else { continue }
            let offset = Int(LoadedImage.number(file, header + 24, 8))
            return offset..<offset + Int(LoadedImage.number(file, header + 32, 8))
        }
        throw CrashWorkshopError(description: "no section \(name)")
    }
}
