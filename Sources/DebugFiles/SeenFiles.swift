import Bytes
import FoundationEssentials
import Glibc

/// Remembers digests of files by what `stat` says of them, so that a file that did not change is not read again.
///
///     <cache>/seen/ab/cdef….json      named by the SHA-256 of the file's path
///
/// Device, inode, size, modification and change time must all be the same; the change time cannot be set back. A file
/// changed less than two seconds before it was hashed is not remembered: it might change again within the clock's tick.
struct SeenFiles: Sendable {
    private struct Record: Codable {
        var path: String
        var device: UInt64
        var inode: UInt64
        var size: Int
        var modified: Int64
        var changed: Int64
        var digest: String
    }

    private let folder: String

    init(cache: String) {
        folder = cache + "/seen"
    }

    /// The digest, if the file is still the one that was hashed. Blocks.
    func digest(of path: String, _ status: FileStatus) -> String? {
        let place = place(of: path)
        guard let file = try? FileDescriptor.openForReading(place, followingLinks: false),
            let bytes = try? file.read(at: 0, count: 16384, path: place),
            let record = try? JSONDecoder().decode(Record.self, from: Data(bytes)),
            record.path == path, record.device == status.device, record.inode == status.inode,
            record.size == status.size, record.modified == status.modified, record.changed == status.changed,
            FolderStorage.isDigest(record.digest)
        else { return nil }
        return record.digest
    }

    /// Remembers a digest. Only a cache: what cannot be written is not remembered. Blocks.
    func remember(_ digest: String, of path: String, _ status: FileStatus) {
        guard max(status.modified, status.changed) / 1_000_000_000 < Int64(time(nil)) - 2 else { return }
        let record = Record(
            path: path, device: status.device, inode: status.inode, size: status.size, modified: status.modified,
            changed: status.changed, digest: digest)
        let place = place(of: path)
        let parent = String(place.prefix(upTo: place.lastIndex(of: "/") ?? place.endIndex))
        let temporary = "\(parent)/\(FileSystem.uniqueSuffix())"
        guard let bytes = try? JSONEncoder().encode(record), (try? FileSystem.makeFolders(parent)) != nil else {
            return
        }
        guard let file = try? FileDescriptor.create(temporary), (try? file.write(Array(bytes), path: temporary)) != nil,
            rename(temporary, place) == 0
        else {
            unlink(temporary)
            return
        }
    }

    private func place(of path: String) -> String {
        let name = Digest.sha256(Array(path.utf8))
        return "\(folder)/\(name.prefix(2))/\(name.dropFirst(2)).json"
    }
}
