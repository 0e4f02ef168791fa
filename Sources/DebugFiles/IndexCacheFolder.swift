import Bytes
import Glibc
import SymbolIndex

/// The folder of built indexes, shared by all processes of this machine, also by those of other releases.
///
///     <cache>/indexes/v2-r7/<key>.symindex       whole, verified, never changed in place
///     <cache>/indexes/v2-r7/<16 hex>.building    a child is writing it; removed after a day
///     <cache>/indexes/v1-r3/…                    an older release's: still answers until its successor is built
///     <cache>/indexes/v3-r9/…                    a newer release's: left alone
///
/// The key is the digest of what the index is made from (``IndexKey``). An index can always be built again, so the folder
/// may be emptied at any time. Over its byte cap, which counts the indexes of all versions, those of older ones go first,
/// then the least recently used; use is the file's modification time, set whenever a process opens it. One that is mapped
/// while it is removed stays readable to whoever mapped it.
struct IndexCacheFolder: Sendable {
    private let root: String
    let folder: String
    let version: IndexVersion
    /// Bytes; the newest index stays even if it alone is larger.
    let byteLimit: Int
    /// Whether the checksum is compared when an index is opened, which reads the whole file.
    let verifiesOnOpening: Bool
    private static let ending = ".symindex"

    init(
        cache: String, version: IndexVersion, byteLimit: Int, verifiesOnOpening: Bool = true
    ) throws(DebugFilesError) {
        root = "\(cache)/indexes"
        folder = "\(root)/\(Self.name(of: version))"
        self.version = version
        self.byteLimit = byteLimit
        self.verifiesOnOpening = verifiesOnOpening
        do throws(SystemCallError) {
            try FileSystem.makeFolders(folder)
            for name in try FileSystem.names(inFolder: folder) where name.hasSuffix(".building") {
                TemporaryFiles.removeIfStale(folder + "/" + name)
            }
        } catch {
            throw .cache(error.description)
        }
    }

    // MARK: Versions

    private static func name(of version: IndexVersion) -> String { "v\(version.format)-r\(version.builderRevision)" }

    /// The version that a folder's name means; `nil` for any other name.
    static func version(ofFolder name: String) -> IndexVersion? {
        guard name.utf8.first == 0x76, let dash = name.firstIndex(of: "-") else { return nil }
        let revision = name[name.index(after: dash)...]
        guard revision.utf8.first == 0x72, let format = Int(name[..<dash].dropFirst()),
            let number = Int(revision.dropFirst())
        else { return nil }
        let version = IndexVersion(format: format, builderRevision: number)
        // `v01-r1` and `v+1-r1` are nobody's.
        return Self.name(of: version) == name ? version : nil
    }

    /// The versions that have a folder here, in rising order, this one included.
    private func versions() -> [IndexVersion] {
        ((try? FileSystem.names(inFolder: root)) ?? []).compactMap(Self.version(ofFolder:)).sorted()
    }

    // MARK: Opening

    func path(of key: String) -> String { "\(folder)/\(key)\(Self.ending)" }

    /// The index; `nil` when there is none. A damaged one is removed and counts as none.
    func open(_ key: String) -> SymbolIndex? {
        let path = path(of: key)
        guard let file = try? MappedFile(path: path) else { return nil }
        guard let index = try? opened(file, version, isVerified: verifiesOnOpening) else {
            unlink(path)
            return nil
        }
        markUsed(path)
        return index
    }

    /// The newest readable index of an older version. What cannot be read stays: it is another release's.
    func openOlder(_ key: String) -> SymbolIndex? {
        for older in versions().reversed() where older < version {
            let path = "\(root)/\(Self.name(of: older))/\(key)\(Self.ending)"
            guard let file = try? MappedFile(path: path),
                let index = try? opened(file, older, isVerified: true)
            else { continue }
            markUsed(path)
            return index
        }
        return nil
    }

    /// Whether there is an index of this version, and the newest older version that has one; opens nothing.
    func state(of key: String) -> (isCurrent: Bool, older: IndexVersion?) {
        let older = versions().last { $0 < version && exists("\(root)/\(Self.name(of: $0))/\(key)\(Self.ending)") }
        return (exists(path(of: key)), older)
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// "Now" twice: the file was used. Failing costs only its place in the order of eviction.
    private func markUsed(_ path: String) { utimensat(AT_FDCWD, path, nil, 0) }

    private func opened(
        _ file: MappedFile, _ version: IndexVersion, isVerified: Bool
    ) throws(SymbolIndexError) -> SymbolIndex {
        let index = try SymbolIndex(file)
        guard Int(index.header.builderRevision) == version.builderRevision else {
            throw .invalidContent("builder revision \(index.header.builderRevision) instead of the folder's")
        }
        if isVerified { try index.verifyChecksum() }
        return index
    }

    // MARK: Writing

    /// A new empty file for a child to write.
    func create() throws(SystemCallError) -> (file: FileDescriptor, path: String) {
        let path = "\(folder)/\(FileSystem.uniqueSuffix()).building"
        return (try FileDescriptor.create(path), path)
    }

    /// Whether hardly anything can be written here any more.
    var isFull: Bool {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return true }
        return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue < 16 << 20
    }

    /// Verifies what a child wrote and gives it its name. On any error the file is removed.
    func publish(_ file: FileDescriptor, _ temporary: String, as key: String) throws(IndexFailure) -> SymbolIndex {
        defer { unlink(temporary) }
        let index: SymbolIndex
        do throws(SymbolIndexError) {
            guard let mapped = try? MappedFile(descriptor: file.rawValue, name: temporary) else {
                throw SymbolIndexError.notAnIndex
            }
            index = try opened(mapped, version, isVerified: true)
        } catch {
            throw IndexFailure(.other, "the index that the parser wrote is unusable: \(error)")
        }
        do throws(SystemCallError) {
            try file.synchronize(path: temporary)
            guard rename(temporary, path(of: key)) == 0 else { throw SystemCallError("rename", temporary) }
            try FileSystem.synchronizeFolder(folder)
        } catch {
            throw .outage(error.description)
        }
        evict(keeping: key)
        return index
    }

    func remove(_ key: String) { unlink(path(of: key)) }

    /// Removes a damaged index of an older version, which nobody builds again.
    func removeOlder(_ key: String) {
        for older in versions() where older < version {
            unlink("\(root)/\(Self.name(of: older))/\(key)\(Self.ending)")
        }
    }

    /// Removes older versions' indexes, then the least recently used of this one, until all fit. A newer version's count,
    /// and stay.
    private func evict(keeping key: String) {
        var files: [(path: String, version: IndexVersion, status: FileStatus)] = []
        var total = 0
        for version in versions() {
            let folder = "\(root)/\(Self.name(of: version))"
            for name in (try? FileSystem.names(inFolder: folder)) ?? [] where name.hasSuffix(Self.ending) {
                let path = folder + "/" + name
                guard let status = try? FileStatus(path: path, followingLinks: false) else { continue }
                total += status.size
                if version <= self.version, path != self.path(of: key) { files.append((path, version, status)) }
            }
        }
        guard total > byteLimit else { return }
        for (path, _, status) in files.sorted(by: {
            ($0.version == version ? 1 : 0, $0.status.modified) < ($1.version == version ? 1 : 0, $1.status.modified)
        }) {
            guard total > byteLimit else { return }
            unlink(path)
            total -= status.size
        }
    }
}

/// The name of an index in the cache: a digest of everything that it is made from, besides the version.
enum IndexKey {
    /// The object's own digest when nothing else is used, else the SHA-256 of the object's digest and each input's role
    /// and digest, in their order.
    static func make(object digest: String, inputs: [(role: String, digest: String)]) -> String {
        guard !inputs.isEmpty else { return digest }
        let lines = inputs.map { "\($0.role) \($0.digest)\n" }.sorted()
        return Digest.sha256(Array(("object \(digest)\n" + lines.joined()).utf8))
    }
}

/// Why there is no index of an object.
struct IndexFailure: Error, Sendable, Equatable {
    var status: ImageStatus
    var reason: String
    /// The store, the cache or the parser did not work: this says nothing about the object, and is no answer for an event
    /// that would then wait for an upload that never comes.
    var isOutage = false
    /// A function of the object, this builder and its limits: trying again gives it again.
    var isFinal = false
    /// The digest of an input that the store does not have any more: without it there is another index.
    var lostInput: String?

    /// Of whoever was cancelled; never an answer.
    static let cancelled = IndexFailure(.other, "cancelled")

    init(_ status: ImageStatus, _ reason: String) {
        self.status = status
        self.reason = reason
    }

    init(_ error: ObjectParserError) {
        let status: ImageStatus =
            switch error {
            case .malformed: .malformed
            case .unsupported: .unsupported
            case .timedOut: .timeout
            case .limit, .died, .system, .unavailable: .other
            }
        self.init(status, error.description)
        switch error {
        case .malformed, .unsupported, .limit: isFinal = true
        case .unavailable: isOutage = true
        case .died, .timedOut, .system: break
        }
    }

    /// What did not work, in a sentence.
    static func outage(_ reason: String) -> IndexFailure {
        var failure = IndexFailure(.other, reason)
        failure.isOutage = true
        return failure
    }
}
