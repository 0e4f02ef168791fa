import Glibc

/// A folder in which crashes wait until a receiver takes them.
///
///     spool/
///       1763852137552-6f0c…e1.crash      one crash each: when it was added (ms since 1970), its id
///       .1763852137552-….tmp             being written; the leftover of a killed process goes after an hour
///       damaged/NAME, NAME.reason.txt    set aside: unreadable, or refused by the receiver
///
/// Adding is durable when it returns: written aside, synchronised, renamed. Any number of processes may add and deliver
/// at the same time; what two of them deliver at once has one id and becomes one event.
public struct Spool: Sendable {
    /// Where the files are.
    public let folder: String
    /// The most bytes that wait; the newest crashes are kept.
    public let limit: Int

    static let suffix = ".crash"

    /// A spool in `folder`, which is made when the first crash is added.
    ///
    /// - Parameter limit: bytes; 1 GiB unless told otherwise.
    public init(folder: String, limit: Int = 1 << 30) {
        self.folder = folder
        self.limit = max(0, limit)
    }

    /// Whether anything waits; cheap, and false for a folder that is not there.
    public var isEmpty: Bool { entries().isEmpty }

    /// The names of the crashes that wait, oldest first.
    public func entries() -> [String] {
        let names = (try? Files.names(in: folder)) ?? []
        return names.filter { $0.hasSuffix(Self.suffix) && !$0.hasPrefix(".") }
            .sorted { (Self.time(of: $0), $0) < (Self.time(of: $1), $1) }
    }

    /// What ``add(_:at:)`` did.
    public struct Addition: Equatable, Sendable {
        /// The file.
        public let path: String
        /// Older crashes that had to go because the spool is at its limit, by name: they are lost, and people must be
        /// told.
        public let dropped: [String]
    }

    /// Adds a crash durably. One whose id is there already is not added again.
    ///
    /// - Parameter time: milliseconds since 1970; orders the spool.
    public func add(_ crash: CollectedCrash, at time: Int64) throws(SpoolError) -> Addition {
        guard CollectedCrash.isValidID(crash.id) else { throw .invalidID(crash.id) }
        let bytes = SpoolEntry.encode(crash)
        guard bytes.count <= limit else { throw .tooLarge(size: bytes.count, limit: limit) }
        do throws(CallFailure) {
            try Files.makeFolder(folder)
            let waiting = entries()
            if let same = waiting.first(where: { $0.hasSuffix("-\(crash.id)\(Self.suffix)") }) {
                return Addition(path: "\(folder)/\(same)", dropped: [])
            }
            let name = "\(max(0, time))-\(crash.id)\(Self.suffix)"
            try Files.writeDurably(bytes, to: name, in: folder)
            // Afterwards: a crash that cannot be written must not cost those that wait.
            let dropped = makeRoom(for: bytes.count, among: waiting)
            return Addition(path: "\(folder)/\(name)", dropped: dropped)
        } catch {
            throw .notWritten(error)
        }
    }

    /// Removes the oldest until `size` more bytes fit.
    private func makeRoom(for size: Int, among waiting: [String]) -> [String] {
        let sizes = waiting.map { name in
            var status = stat()
            return lstat("\(folder)/\(name)", &status) == 0 ? Int(status.st_size) : 0
        }
        var total = sizes.reduce(0, +)
        var dropped: [String] = []
        for (name, bytes) in zip(waiting, sizes) where total > limit - size {
            guard unlink("\(folder)/\(name)") == 0 || errno == ENOENT else { continue }
            total -= bytes
            dropped.append(name)
        }
        return dropped
    }

    /// When an entry was added, from its name.
    static func time(of name: String) -> Int64 { Int64(name.prefix { $0 != "-" }) ?? 0 }
}

/// Why a crash was not added to a spool.
public enum SpoolError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The id cannot name a file.
    case invalidID(String)
    /// The crash alone is larger than the spool may be; both in bytes.
    case tooLarge(size: Int, limit: Int)
    /// The file could not be written.
    case notWritten(CallFailure)

    /// The same for people.
    public var description: String {
        switch self {
        case .invalidID(let id): "'\(id)' cannot name a crash"
        case .tooLarge(let size, let limit): "the crash has \(size) bytes, the spool's limit is \(limit)"
        case .notWritten(let failure): failure.description
        }
    }
}
