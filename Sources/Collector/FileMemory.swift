import CrashEvent
import Glibc

/// Files that were taken and stay where they are, remembered across restarts in a file of JSON lines.
struct FileMemory: Sendable {
    private let path: String?
    private var states: [String: FileState] = [:]
    /// Lines in the file, of which the last of a name counts; `nil` when it has to be written anew: it may be damaged.
    private var lines: Int?

    /// Reads what was remembered; lines that cannot be read are forgotten. Without a path it lasts as long as the process.
    init(path: String?) {
        self.path = path
        guard let path, let file = try? Files.open(path) else { return }
        defer { close(file) }
        guard let bytes = try? Files.readAll(file, limit: 64 << 20, path: path) else { return }
        for line in bytes.split(separator: 0x0a) {
            guard let document = try? JSONDocument(Array(line)),
                let name = document.string("name", of: document.root),
                let size = document.unsignedInteger("size", of: document.root),
                let modified = document.member("modified", of: document.root).flatMap({ document.integer($0) })
            else { continue }
            states[name] = FileState(size: Int(clamping: size), modified: modified)
        }
    }

    /// Whether this state of this file was taken.
    func contains(_ name: String, _ state: FileState) -> Bool { states[name] == state }

    /// Remembers a file.
    mutating func add(_ name: String, _ state: FileState) throws(CallFailure) {
        states[name] = state
        guard let path else { return }
        // One line a file: a folder may hold 100,000 of them.
        if let count = lines, count < 2 * states.count + 1000 {
            lines = nil
            try Self.append(Self.line(name, state), to: path)
            lines = count + 1
            return
        }
        var bytes: [UInt8] = []
        for (name, state) in states.sorted(by: { $0.key < $1.key }) { bytes += Self.line(name, state) }
        lines = nil
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[..<$0]) } ?? "."
        try Files.makeFolder(folder)
        try Files.writeDurably(bytes, to: slash.map { String(path[path.index(after: $0)...]) } ?? path, in: folder)
        lines = states.count
    }

    private static func line(_ name: String, _ state: FileState) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("name", name)
        writer.member("size", state.size)
        writer.member("modified", state.modified)
        writer.endObject()
        return writer.bytes + [0x0a]
    }

    private static func append(_ line: [UInt8], to path: String) throws(CallFailure) {
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw CallFailure("open", path) }
        defer { close(descriptor) }
        try Files.writeAll(line, to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw CallFailure("fsync", path) }
    }

    /// Forgets files that are gone.
    mutating func keepOnly(_ isThere: (String) -> Bool) {
        guard states.keys.contains(where: { !isThere($0) }) else { return }
        states = states.filter { isThere($0.key) }
    }
}
