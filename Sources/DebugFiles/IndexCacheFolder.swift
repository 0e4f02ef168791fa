import Bytes
import Glibc
import SymbolIndex

/// The folder of built indexes, shared by all processes of this machine.
///
///     <cache>/indexes/v1-r3/<object digest>.symindex     whole, verified, never changed in place
///     <cache>/indexes/v1-r3/<16 hex>.building            a child is writing it; removed after a day
///
/// An index can always be built again, so the folder may be emptied at any time. Over its byte cap the least recently
/// used files go first; use is the file's modification time, set whenever a process opens it. One that is mapped while
/// it is removed stays readable to whoever mapped it.
struct IndexCacheFolder: Sendable {
    let folder: String
    let version: IndexVersion
    /// Bytes; the newest index stays even if it alone is larger.
    let byteLimit: Int
    private static let ending = ".symindex"

    init(cache: String, version: IndexVersion, byteLimit: Int) throws(DebugFilesError) {
        folder = "\(cache)/indexes/v\(version.format)-r\(version.builderRevision)"
        self.version = version
        self.byteLimit = byteLimit
        do throws(SystemCallError) {
            try FileSystem.makeFolders(folder)
            for name in try FileSystem.names(inFolder: folder) where name.hasSuffix(".building") {
                TemporaryFiles.removeIfStale(folder + "/" + name)
            }
        } catch {
            throw .cache(error.description)
        }
    }

    func path(of digest: String) -> String { "\(folder)/\(digest)\(Self.ending)" }

    /// The index, its checksum compared; `nil` when there is none. A damaged one is removed and counts as none.
    func open(_ digest: String) -> SymbolIndex? {
        let path = path(of: digest)
        guard let file = try? MappedFile(path: path) else { return nil }
        guard let index = try? verified(file) else {
            unlink(path)
            return nil
        }
        // "Now" twice: the file was used. Failing costs only its place in the order of eviction.
        utimensat(AT_FDCWD, path, nil, 0)
        return index
    }

    /// A new empty file for a child to write.
    func create() throws(SystemCallError) -> (file: FileDescriptor, path: String) {
        let path = "\(folder)/\(FileSystem.uniqueSuffix()).building"
        return (try FileDescriptor.create(path), path)
    }

    /// Verifies what a child wrote and gives it its name. On any error the file is removed.
    func publish(_ file: FileDescriptor, _ temporary: String, as digest: String) throws(IndexFailure) -> SymbolIndex {
        defer { unlink(temporary) }
        let index: SymbolIndex
        do throws(SymbolIndexError) {
            guard let mapped = try? MappedFile(descriptor: file.rawValue, name: temporary) else {
                throw SymbolIndexError.notAnIndex
            }
            index = try verified(mapped)
        } catch {
            throw IndexFailure(.other, "the index that the parser wrote is unusable: \(error)")
        }
        do throws(SystemCallError) {
            try file.synchronize(path: temporary)
            guard rename(temporary, path(of: digest)) == 0 else { throw SystemCallError("rename", temporary) }
            try FileSystem.synchronizeFolder(folder)
        } catch {
            throw .outage(error.description)
        }
        evict(keeping: digest)
        return index
    }

    func remove(_ digest: String) { unlink(path(of: digest)) }

    private func verified(_ file: MappedFile) throws(SymbolIndexError) -> SymbolIndex {
        let index = try SymbolIndex(file)
        guard Int(index.header.builderRevision) == version.builderRevision else {
            throw .invalidContent("builder revision \(index.header.builderRevision) instead of the cache's")
        }
        try index.verifyChecksum()
        return index
    }

    /// Removes the least recently used indexes until the rest fits.
    private func evict(keeping digest: String) {
        var files: [(path: String, status: FileStatus)] = []
        for name in (try? FileSystem.names(inFolder: folder)) ?? [] where name.hasSuffix(Self.ending) {
            let path = folder + "/" + name
            if let status = try? FileStatus(path: path, followingLinks: false) { files.append((path, status)) }
        }
        var total = files.reduce(0) { $0 + $1.status.size }
        for (path, status) in files.sorted(by: { $0.status.modified < $1.status.modified }) {
            guard total > byteLimit else { return }
            if path == self.path(of: digest) { continue }
            unlink(path)
            total -= status.size
        }
    }
}

/// Why there is no index of an object.
struct IndexFailure: Error, Sendable, Equatable {
    var status: ImageStatus
    var reason: String
    /// The store, the cache or the parser did not work: this says nothing about the object, and is no answer for an event
    /// that would then wait for an upload that never comes.
    var isOutage = false

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
            case .died, .unavailable: .other
            }
        self.init(status, error.description)
        if case .unavailable = error { isOutage = true }
    }

    /// What did not work, in a sentence.
    static func outage(_ reason: String) -> IndexFailure {
        var failure = IndexFailure(.other, reason)
        failure.isOutage = true
        return failure
    }
}
