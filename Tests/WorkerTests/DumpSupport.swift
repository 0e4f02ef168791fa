import CrashReports
import DebugFiles
import Foundation
import Glibc
import JobTable
import ParserTasks
import Synchronization
import Worker

/// A core for the fake parser: a core's head, then what the parser is to answer. Frames of a module without a file end at
/// its first frame.
struct FakeCore: Codable {
    var modules: [DumpModule] = [
        DumpModule(path: "/app/till", buildID: LateSymbolsTests.id, start: 0x400000, end: 0x410000, isExecutable: true)
    ]
    var frames: [UInt64] = [0x401000, 0x402000, 0x403000]
    var signal = 11
    var padding = 0
    var kills = false
    /// Said in place of the truth when it is unwound.
    var modulesWhenUnwound: Int?

    /// Compressed: a zstd head, then the same.
    func bytes(isCompressed: Bool = false, format: String = "elf-core") throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var head: [UInt8] =
            format == "minidump"
            ? Array("MDMP".utf8) : [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 62, 0]
        head += [UInt8](repeating: 0, count: 44)
        let core = head + [0x0A] + Array(try encoder.encode(self)) + [UInt8](repeating: 0, count: padding)
        return isCompressed ? FakeDumpParser.compressed(core) : core
    }
}

/// What the child would do, on fake cores; "compressed" is a magic number in front.
final class FakeDumpParser: DumpParser {
    struct Counts: Equatable {
        var inspections = 0
        var unwound = 0
        var expanded = 0
        var compressed = 0
        /// Files of the last unwinding.
        var files: [DumpRequest.ModuleFile] = []
    }
    let counts = Mutex(Counts())

    static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
    static func compressed(_ bytes: [UInt8]) -> [UInt8] { magic + bytes }

    private func core(_ file: FileDescriptor) async throws(ObjectParserError) -> (core: FakeCore, format: String) {
        guard let bytes = try? await file.beginning(64 << 20, name: "core"), let start = bytes.firstIndex(of: 0x0A),
            let core = try? JSONDecoder().decode(
                FakeCore.self, from: Data(bytes[(start + 1)...].filter { $0 != 0 }))
        else { throw .malformed("program headers: outside the file") }
        return (core, bytes.starts(with: "MDMP".utf8) ? "minidump" : "elf-core")
    }

    func inspect(_ dump: FileDescriptor, name: String) async throws(ObjectParserError) -> DumpInspection {
        counts.withLock { $0.inspections += 1 }
        let (core, format) = try await core(dump)
        return DumpInspection(
            format: format, architecture: "x86_64", modules: core.modules, threadCount: 1, notes: [])
    }

    func unwind(
        _ dump: FileDescriptor, request: DumpRequest, files: [FileDescriptor], onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> UnwoundDump {
        counts.withLock {
            $0.unwound += 1
            $0.files = request.files
        }
        onProgress?(1, 2)
        let (read, format) = try await core(dump)
        var core = read
        if core.kills { throw .died("signal 11") }
        guard files.count == request.files.count, files.count <= DumpRequest.fileLimit else {
            throw .unavailable("\(files.count) files")
        }
        if let count = core.modulesWhenUnwound { core.modules = Array(core.modules.prefix(count)) }
        var frames: [UnwoundFrame] = []
        for address in core.frames {
            frames.append(
                UnwoundFrame(
                    address: address, kind: frames.isEmpty ? .programCounter : .returnAddress,
                    trust: frames.isEmpty ? "context" : "cfi"))
            let module = core.modules.firstIndex { $0.start <= address && address < $0.end }
            if !request.files.contains(where: { $0.module == module && !$0.isDebugFile }) { break }
        }
        var unwound = UnwoundDump(
            inspection: DumpInspection(
                format: format, architecture: "x86_64", modules: core.modules, threadCount: 1, notes: []),
            threads: [
                UnwoundThread(
                    id: 7, isCrashed: true, frames: frames,
                    end: frames.count == core.frames.count ? "outermost" : "no call-frame information")
            ])
        unwound.signal = core.signal
        return unwound
    }

    func expand(
        _ compressed: FileDescriptor, into output: FileDescriptor, request: ExpandRequest, onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> ExpandReply {
        counts.withLock { $0.expanded += 1 }
        guard let bytes = try? await compressed.beginning(64 << 20, name: "core"), bytes.starts(with: Self.magic) else {
            throw .malformed("\(request.name): no frame")
        }
        let contents = Array(bytes.dropFirst(4))
        guard UInt64(contents.count) <= request.limit else {
            throw .limit(name: "dumpExpansion", reason: "\(request.name): \(contents.count) bytes")
        }
        write(contents, output)
        return ExpandReply(size: UInt64(contents.count), written: UInt64(contents.count))
    }

    func compress(
        _ dump: FileDescriptor, into output: FileDescriptor, request: CompressRequest
    ) async throws(ObjectParserError) -> CompressReply {
        counts.withLock { $0.compressed += 1 }
        guard let bytes = try? await dump.beginning(64 << 20, name: "core") else { throw .system("read") }
        write(Self.compressed(bytes), output)
        return CompressReply(size: UInt64(bytes.count), written: UInt64(bytes.count + 4))
    }

    private func write(_ bytes: [UInt8], _ output: FileDescriptor) {
        _ = bytes.withUnsafeBytes { Glibc.write(output.rawValue, $0.baseAddress, $0.count) }
    }
}

extension RealStore {
    /// A reader of dumps over this store.
    func reader(
        _ parser: FakeDumpParser, source: (any SymbolSource)? = nil, byteLimit: UInt64 = 1 << 30,
        reportSize: Int = 1 << 20
    ) -> DumpReader {
        DumpReader(
            parser: parser, source: source ?? StoredSymbols(store),
            spool: DumpSpool(cacheFolder: folder + "/cache", byteLimit: byteLimit), storage: storage,
            reportSize: reportSize)
    }

    func open(_ bytes: [UInt8], _ name: String = "core") throws -> FileDescriptor {
        try FileDescriptor.named(try write(bytes, name))
    }

    /// Runs a worker that reads dumps until the table is empty.
    func work(_ reader: DumpReader) async throws -> WorkerTotals {
        var options = WorkerOptions()
        options.untilEmpty = true
        options.pollInterval = .milliseconds(5)
        let totals = Mutex(WorkerTotals())
        try await Worker(
            jobs: jobs, blobs: storage, enricher: EventEnricher(source: StoredSymbols(store), dumps: reader),
            options: options, logger: LogBook().logger, observer: { new in totals.withLock { $0 = new } }
        ).run()
        return totals.withLock { $0 }
    }
}
