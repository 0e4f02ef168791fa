import FoundationEssentials
import Glibc
import ParserTasks

/// Remembers what files on this machine are, by their digest, so that a folder of thousands is inspected once.
///
///     <cache>/inspections/r7/ab/cdef….json     7 is the parser's revision: another may find more
///
/// Only a cache: what cannot be read or written is inspected again.
struct KnownInspections: Sendable {
    private let folder: String

    init(cache: String, revision: Int) {
        folder = "\(cache)/inspections/r\(revision)"
    }

    /// Without its list of sources. Blocks.
    func get(_ digest: String) -> ObjectInspection? {
        let place = place(of: digest)
        guard let file = try? FileDescriptor.openForReading(place, followingLinks: false),
            let size = try? FileStatus(of: file, path: place).size, size < 64 << 20,
            let bytes = try? file.read(at: 0, count: size, path: place)
        else { return nil }
        return try? JSONDecoder().decode(ObjectInspection.self, from: Data(bytes))
    }

    /// Blocks.
    func put(_ inspection: ObjectInspection, _ digest: String) {
        var small = inspection
        small.sources = []
        let place = place(of: digest)
        let temporary = "\(folder)/\(digest.prefix(2))/\(FileSystem.uniqueSuffix())"
        guard let bytes = try? JSONEncoder().encode(small),
            (try? FileSystem.makeFolders("\(folder)/\(digest.prefix(2))")) != nil
        else { return }
        guard let file = try? FileDescriptor.create(temporary), (try? file.write(Array(bytes), path: temporary)) != nil,
            rename(temporary, place) == 0
        else {
            unlink(temporary)
            return
        }
    }

    private func place(of digest: String) -> String { "\(folder)/\(digest.prefix(2))/\(digest.dropFirst(2)).json" }
}
