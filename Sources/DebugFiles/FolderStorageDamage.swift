import Bytes
import Glibc

/// What the folder does about blobs whose bytes are no longer those of their digests, and about places that are no
/// folders.
///
///     objects/ab/cdef…  ──hash──▶ another digest ──rename──▶ objects/ab/cdef….damaged-<16 hex>
///
/// A damaged blob is renamed, never removed: its name is free for the next put, its bytes are there for a person.
extension FolderStorage {
    /// See ``BlobStorage/setAsideIfDamaged(_:)``.
    public func setAsideIfDamaged(_ digest: String) async throws(BlobStorageError) -> Bool {
        try await blocking { () throws(BlobStorageError) in
            guard let found = try inspect(digest), found.digest != digest else { return false }
            return try setAside(digest, found)
        }
    }

    /// The size of a blob whose bytes have the digest; a damaged one is set aside and counts as none.
    func healthySize(_ digest: String) throws(BlobStorageError) -> Int? {
        guard let found = try inspect(digest) else { return nil }
        if found.digest == digest { return found.status.size }
        _ = try setAside(digest, found)
        return nil
    }

    /// What stands under the name of a blob: which file, and the digest of its bytes. `nil` when there is none.
    private func inspect(_ digest: String) throws(BlobStorageError) -> (status: FileStatus, digest: String)? {
        guard try existingSize(digest) != nil else { return nil }
        do throws(BlobStorageError) {
            let file = try openNow(digest)
            do throws(SystemCallError) {
                let status = try FileStatus(of: file, path: digest)
                return (status, try FileCopy.digest(of: file, path: digest).digest)
            } catch {
                throw BlobStorageError.unavailable(error.description)
            }
        } catch {
            // Set aside or removed by another process since the first look.
            if case .missing = error { return nil }
            throw error
        }
    }

    /// Renames what was found damaged to a name that nothing else has.
    private func setAside(
        _ digest: String, _ found: (status: FileStatus, digest: String)
    ) throws(BlobStorageError) -> Bool {
        let place = try path(of: digest)
        let aside = "\(place).damaged-\(FileSystem.uniqueSuffix())"
        guard rename(place, aside) == 0 else {
            if errno == ENOENT { return false }
            throw .unavailable(SystemCallError("rename", place).description)
        }
        // Another process may have mended the blob between the hash and the rename: then the good one is moved back.
        // Whoever looked in between found it missing and puts the same bytes, so neither overwrites anything.
        do throws(SystemCallError) {
            let moved = try FileStatus(path: aside, followingLinks: false)
            let isSame = moved.device == found.status.device && moved.inode == found.status.inode
            if !isSame, rename(aside, place) != 0 { throw SystemCallError("rename", aside) }
            try FileSystem.synchronizeFolder(folder(of: digest))
            return isSame
        } catch {
            throw .unavailable(error.description)
        }
    }

    /// The scheme of something that looks like a URL: letters, digits, `+`, `-`, `.`, then `://` (RFC 3986, 3.1).
    static func scheme(of root: String) -> String? {
        guard let colon = root.firstIndex(of: ":"), root[colon...].hasPrefix("://") else { return nil }
        let scheme = root[..<colon]
        guard let first = scheme.utf8.first, (0x41...0x5A).contains(first & 0xDF), scheme.utf8.count <= 32 else {
            return nil
        }
        let isScheme = scheme.utf8.allSatisfy { byte in
            (0x41...0x5A).contains(byte & 0xDF) || (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E].contains(byte)
        }
        return isScheme ? scheme.lowercased() : nil
    }
}
