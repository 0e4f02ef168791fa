import ArgumentParser
import CrashEvent
import Foundation
import SymbolIndex

/// `symbolist index verify`.
struct IndexVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the checksum of indexes and walk all that is in them.",
        discussion: """
            Reads every byte for the checksum, then every range, inlined call and function, and the provenance. Damage is named
            with its file, section and record, and the status is 1. An index is made from its debug file alone: remove a
            damaged one and it is built again.

            EXAMPLES
              symbolist index verify till.symindex
              symbolist index verify --json ~/.cache/symbolist/indexes/*/*.symindex
            """)

    @OptionGroup var logging: LoggingOptions

    @Flag(help: "One JSON object a line and file.")
    var json = false

    @Argument(help: ArgumentHelp("Indexes; '-' is standard input.", valueName: "file"))
    var files: [String]

    func run() async throws {
        logging.start()
        var isDamaged = false
        for path in files {
            let verdict = Self.verdict(path)
            isDamaged = isDamaged || !verdict.damage.isEmpty
            StandardOutput.write(json ? Self.json(verdict) : Self.lines(verdict))
        }
        if isDamaged { throw ExitCode(ExitStatus.partly.rawValue) }
    }

    /// What a walk found.
    struct Verdict {
        var file: String
        var walk = IndexWalk()
        /// Each with section and record; empty for a sound index.
        var damage: [String] = []
    }

    private static func verdict(_ path: String) -> Verdict {
        var verdict = Verdict(file: path)
        do {
            guard let index = try IndexFile.index(path) else {
                verdict.damage = [SymbolIndexError.notAnIndex.description]
                return verdict
            }
            // Each by itself: what the walk finds says where the bytes are wrong.
            for check in [index.verifyChecksum, { _ = try index.metadata() }, { try verdict.walk.visit(index) }] {
                do { try check() } catch { verdict.damage.append("\(error)") }
            }
        } catch let failure as CommandFailure {
            verdict.damage = [
                failure.message.hasPrefix("\(path): ")
                    ? String(failure.message.dropFirst(path.count + 2)) : failure.message
            ]
        } catch {
            verdict.damage = ["\(error)"]
        }
        return verdict
    }

    private static func lines(_ verdict: Verdict) -> String {
        let path = Terminal.visible(verdict.file)
        guard verdict.damage.isEmpty else {
            return verdict.damage.map { "damaged  \(path): \(Terminal.visible($0))\n" }.joined()
        }
        let walk = verdict.walk
        return "sound    \(path)  \(walk.ranges) ranges, \(walk.frames) frames, \(walk.functions.count) functions\n"
    }

    private static func json(_ verdict: Verdict) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("file", verdict.file)
        writer.member("is_sound", verdict.damage.isEmpty)
        writer.member("ranges", verdict.walk.ranges)
        writer.member("frames", verdict.walk.frames)
        writer.member("functions", verdict.walk.functions.count)
        writer.key("damage")
        writer.beginArray()
        for text in verdict.damage { writer.string(text) }
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}

/// Every range of an index with every frame, and each function once.
struct IndexWalk {
    private(set) var ranges = 0
    private(set) var frames = 0
    /// Bytes of all texts that were read, so that reading them is not for nothing.
    private(set) var textBytes = 0
    private(set) var functions: [UInt32: IndexedFunction] = [:]

    mutating func visit(_ index: SymbolIndex) throws {
        try index.forEachRange { _, location in
            guard let location else { return }
            ranges += 1
            for frame in location.frames {
                frames += 1
                textBytes += frame.file?.utf8Count ?? 0
                guard let function = frame.function, functions[function.index] == nil else { continue }
                functions[function.index] = function
                for text in [function.name, function.fullName, function.linkageName, function.declarationFile] {
                    textBytes += text?.string.utf8.count ?? 0
                }
            }
        }
    }
}
