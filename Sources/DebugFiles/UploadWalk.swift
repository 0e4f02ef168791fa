import Glibc

/// The files below the paths that a person named, with a first look at each.
///
///     .build/release ─link▶ x86_64-unknown-linux-gnu/release/
///                              app            candidate        e_type EXEC or DYN
///                              App.build/a.o  relocatable      e_type REL
///                              a.dwo          candidate        e_type REL too: known by its name
///                              app.product/…  notELF
///
/// A path that was named may be a link itself. Below it, links are followed after everything else, each target once by
/// device and inode, so a loop of links ends; a link to a folder above a named path, or into `/proc`, `/sys` or `/dev`,
/// is not followed. Folders named `.git` are left out. The first look reads 20 bytes: the ELF magic and `e_type`
/// (System V ABI, chapter 4, "ELF Header"); everything behind them is the sandboxed child's to read.
///
/// A value that is walked step by step: nothing is read ahead of ``next()``. Blocks on the disk.
struct UploadWalk: Sendable {
    /// One file and what its first bytes say.
    struct Item: Sendable, Equatable {
        /// The path, made of the named path and the names below it.
        var path: String
        var kind: Kind
        /// Whether the path itself was named.
        var isNamed: Bool
        var size = 0
    }

    enum Kind: Sendable, Equatable {
        /// An executable, shared object, separate debug file, kernel module or file of split units: worth an inspection.
        case candidate
        /// `ET_REL`: what a linker reads, no addresses of a process.
        case relocatable
        /// Another ELF type: a core file.
        case otherELF
        case notELF
        /// The text says which call failed, without the path.
        case unreadable(String)
    }

    /// A folder, or a link to look at when the rest is done.
    private enum Step {
        case folder(String)
        case file(path: String, isNamed: Bool)
        case link(String)
    }

    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// Last in, first out; folders push their entries in reverse.
    private var steps: [Step] = []
    /// Links found below the named paths, walked when `steps` is empty.
    private var links: [String] = []
    private var seen: Set<Identity> = []
    private var namedFolders: [String] = []

    /// Prepares a walk over files and folders.
    init(paths: [String]) {
        for path in paths.reversed() {
            let trimmed = Self.withoutTrailingSlashes(path)
            guard let status = try? FileStatus(path: trimmed, followingLinks: true), status.isFolder else {
                // Whatever it is, or is not, is said when it is reached.
                steps.append(.file(path: trimmed, isNamed: true))
                continue
            }
            if let real = try? FileSystem.realPath(trimmed) { namedFolders.append(real) }
            steps.append(.folder(trimmed))
        }
    }

    /// The next file; `nil` at the end.
    mutating func next() -> Item? {
        while true {
            if steps.isEmpty {
                guard !links.isEmpty else { return nil }
                steps = links.reversed().map { .link($0) }
                links = []
            }
            switch steps.removeLast() {
            case .folder(let path):
                if let problem = enterFolder(path) { return problem }
            case .file(let path, let isNamed):
                if let item = look(at: path, isNamed: isNamed, followingLinks: isNamed) { return item }
            case .link(let path):
                // A link that leads nowhere is no file at all.
                guard let status = try? FileStatus(path: path, followingLinks: true) else { continue }
                if status.isFolder {
                    if mayFollow(path), let problem = enterFolder(path) { return problem }
                } else if status.isRegular, let item = look(at: path, isNamed: false, followingLinks: true) {
                    return item
                }
            }
        }
    }

    /// Up to `limit` next files; empty at the end.
    mutating func next(limit: Int) -> [Item] {
        var items: [Item] = []
        while items.count < limit, let item = next() { items.append(item) }
        return items
    }

    private mutating func enterFolder(_ path: String) -> Item? {
        do throws(SystemCallError) {
            let status = try FileStatus(path: path, followingLinks: true)
            guard seen.insert(Identity(device: status.device, inode: status.inode)).inserted else { return nil }
            var found: [Step] = []
            for name in try FileSystem.names(inFolder: path) where name != ".git" {
                let entry = path == "/" ? "/" + name : path + "/" + name
                guard let status = try? FileStatus(path: entry, followingLinks: false) else { continue }
                if status.isLink {
                    links.append(entry)
                } else if status.isFolder {
                    found.append(.folder(entry))
                } else if status.isRegular {
                    found.append(.file(path: entry, isNamed: false))
                }
            }
            steps.append(contentsOf: found.reversed())
            return nil
        } catch {
            return Item(path: path, kind: .unreadable(error.reason), isNamed: namedFolders.contains(path))
        }
    }

    /// A link out of the walked tree is followed, but not to where it would widen the walk without bounds.
    private func mayFollow(_ path: String) -> Bool {
        guard let real = try? FileSystem.realPath(path), real != "/" else { return false }
        for folder in ["/proc", "/sys", "/dev"] where PathPrefix.contains(folder, real) { return false }
        return !namedFolders.contains { PathPrefix.contains(real, $0) && $0 != real }
    }

    private mutating func look(at path: String, isNamed: Bool, followingLinks: Bool) -> Item? {
        do throws(SystemCallError) {
            let file = try FileDescriptor.openForReading(path, followingLinks: followingLinks)
            let status = try FileStatus(of: file, path: path)
            guard status.isRegular else {
                return Item(path: path, kind: .unreadable("not a regular file"), isNamed: isNamed)
            }
            let isFirst = seen.insert(Identity(device: status.device, inode: status.inode)).inserted
            // The same file under a second name (hard link, link) is one file, unless somebody asked for that name.
            guard isFirst || isNamed else { return nil }
            let head = try file.read(at: 0, count: 20, path: path)
            return Item(path: path, kind: Self.kind(ofHead: head, path: path), isNamed: isNamed, size: status.size)
        } catch {
            return Item(path: path, kind: .unreadable(error.reason), isNamed: isNamed)
        }
    }

    /// Endings of relocatable files that are on their way to something else; clang wraps its modules in ELF.
    private static let intermediate = [".o", ".obj", ".lo", ".pcm", ".pch", ".gch"]

    /// What the first 20 bytes of a file say, and for a relocatable one its name.
    static func kind(ofHead head: [UInt8], path: String = "") -> Kind {
        guard head.count >= 18, head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { return .notELF }
        // e_ident[EI_DATA] says the byte order of e_type: 1 little, 2 big.
        let type = head[5] == 2 ? UInt16(head[16]) << 8 | UInt16(head[17]) : UInt16(head[17]) << 8 | UInt16(head[16])
        switch type {
        // What a linker or compiler will read again is left out. Other relocatable files are finished: kernel modules,
        // split units, their packages, and the supplementary files of dwz, which have any name or no ending at all.
        case 1: return path.isEmpty || intermediate.contains { path.hasSuffix($0) } ? .relocatable : .candidate
        case 2, 3: return .candidate
        default: return .otherELF
        }
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var text = Substring(path)
        while text.utf8.count > 1, text.hasSuffix("/") { text.removeLast() }
        return String(text)
    }
}

/// Paths compared by whole components.
enum PathPrefix {
    /// Whether `path` is `folder` or lies below it; both without trailing slash, links resolved where that matters.
    static func contains(_ folder: String, _ path: String) -> Bool {
        if folder == "/" { return path.utf8.first == 0x2F }
        guard path.utf8.starts(with: folder.utf8) else { return false }
        let rest = path.utf8.dropFirst(folder.utf8.count)
        return rest.isEmpty || rest.first == 0x2F
    }

    /// The components of `path` below `folder`; `nil` when it is not below it.
    static func components(of path: String, below folder: String) -> [Substring]? {
        guard contains(folder, path) else { return nil }
        return path.utf8.dropFirst(folder.utf8.count).split(separator: 0x2F).map { Substring($0) }
    }
}
