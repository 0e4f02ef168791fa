import CrashReports
import Glibc

/// A file to make readable.
struct SymbolizeInput: Equatable {
    /// Its path; `-` for standard input.
    var path: String
    /// Whether a folder was named and this is one of its files: then it need not be a dump.
    var isFromFolder: Bool

    /// `/var/crash/a.log, report 2 of 3`.
    func heading(report number: Int, of count: Int) -> String {
        InputFile.name(of: path) + (count > 1 ? ", report \(number + 1) of \(count)" : "")
    }
}

extension InputContents {
    /// Each report of a text by itself: a service's log may hold several. What holds one, or nothing that is understood,
    /// is left as it is. The notes are those on the whole input, which no report by itself gives.
    func reports(_ context: ReportContext) -> (reports: [InputContents], notes: [String]) {
        guard case .text(let bytes) = self, let reports = try? CrashReports.decodeAll(bytes, context: context),
            reports.count > 1
        else { return ([self], []) }
        return (reports.map { .text($0.source) }, reports[0].inputNotes)
    }
}

/// The files of the command line.
enum SymbolizeInputs {
    /// Each path that names no folder, as it is; of a folder its regular files in the order of their names' bytes, and
    /// nothing below.
    static func list(_ paths: [String]) throws -> [SymbolizeInput] {
        var inputs: [SymbolizeInput] = []
        for path in paths {
            guard path != "-", kind(of: path, followsLinks: true) == S_IFDIR else {
                inputs.append(SymbolizeInput(path: path, isFromFolder: false))
                continue
            }
            let files = try names(in: path).map { path.hasSuffix("/") ? path + $0 : path + "/" + $0 }
                .filter { kind(of: $0, followsLinks: false) == S_IFREG }
            if files.isEmpty { throw CommandFailure(.nothingUnderstood, "\(path): a folder without regular files") }
            inputs += files.map { SymbolizeInput(path: $0, isFromFolder: true) }
        }
        return inputs
    }

    private static func kind(of path: String, followsLinks: Bool) -> mode_t? {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        return status.st_mode & S_IFMT
    }

    private static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else {
            throw CommandFailure(.nothingUnderstood, "\(folder): \(String(cString: strerror(errno)))")
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// How a run over several inputs went, and with which status it ends.
struct SymbolizeOutcome {
    private var shown = 0
    private var partial = 0
    private var failures: [CommandFailure] = []

    /// An event was written.
    mutating func wrote(isComplete: Bool) {
        shown += 1
        if !isComplete { partial += 1 }
    }

    /// An input could not be read. One that a folder happened to hold is passed over; any other fails in the end.
    mutating func failed(_ failure: CommandFailure, _ input: SymbolizeInput) {
        if input.isFromFolder, failure.status == .nothingUnderstood {
            StandardError.write("symbolist: skipped: \(Terminal.visible(failure.message))\n")
        } else {
            failures.append(failure)
        }
    }

    /// Whether it is of no use to go on: a store that is away stays away.
    var isHopeless: Bool { failures.contains { $0.status != .nothingUnderstood } }

    /// Throws the failure that the command ends with; `partly` when other inputs were shown.
    func status() throws -> ExitStatus {
        guard let first = failures.first else {
            if shown == 0 { throw CommandFailure(.nothingUnderstood, "none of the files is a dump") }
            return partial > 0 ? .partly : .all
        }
        if let worse = failures.first(where: { $0.status != .nothingUnderstood }) { throw worse }
        if shown == 0, failures.count == 1 { throw first }
        for failure in failures { StandardError.write("symbolist: \(failure.message)\n") }
        return shown == 0 ? .nothingUnderstood : .partly
    }
}
