import Glibc

/// Which source files an upload may take. An object is untrusted and may name any path of this machine; this is the
/// only place that opens one.
///
///     path in the line table ─map▶ ─realpath▶ below a root? not hidden? not /proc /sys /dev /etc?
///                                                 │ yes
///                            open(NOFOLLOW, NONBLOCK) ─▶ fstat: regular, ≤ 1 MiB
///                                                 │      where the kernel says that is: the same questions again
///                                               UTF-8? ─▶ text
///
/// Roots are the git work trees that enclose the object and the current folder, the current folder, the toolchain, and
/// every `--source-root`. A file is *hidden* when a component of its path below the root begins with a dot; only
/// SwiftPM's `.build/checkouts`, where the sources of dependencies stand, is excepted. Everything is asked of the path
/// after links are resolved, and once more of the file that is open, so a link exchanged in between wins nothing.
public struct SourcePolicy: Sendable {
    /// The largest source file that is taken, in bytes.
    public static let sizeLimit = 1 << 20
    static let forbidden = ["/proc", "/sys", "/dev", "/etc"]

    /// A prefix of the paths in the debug information, and where those files are on this machine: the reverse of
    /// `-file-prefix-map`. Prefixes match whole path components.
    public struct PathMap: Sendable, Equatable {
        /// A path in the debug information, without trailing slash.
        public let from: String
        /// The path on this machine, without trailing slash.
        public let to: String

        /// A rule from both parts; trailing slashes do not count.
        public init(from: String, to: String) {
            self.from = Self.trimmed(from)
            self.to = Self.trimmed(to)
        }

        /// Reads `FROM=TO`; `nil` without `=` or with an empty FROM.
        public init?(argument: String) {
            guard let split = argument.firstIndex(of: "="), split != argument.startIndex else { return nil }
            self.init(from: String(argument[..<split]), to: String(argument[argument.index(after: split)...]))
        }

        private static func trimmed(_ path: String) -> String {
            var text = Substring(path)
            while text.utf8.count > 1, text.hasSuffix("/") { text.removeLast() }
            return String(text)
        }
    }

    /// What is wrong with `sourceRoots`, a sentence each that names the root: one that is no folder would take nothing,
    /// and the person who named it would not know. Whoever shows commands refuses them.
    public let problems: [String]
    private let fixedRoots: [String]
    private let pathMaps: [PathMap]

    /// Prepares the rules.
    ///
    /// - Parameters:
    ///   - currentFolder: Absolute. It and its git work tree are roots.
    ///   - toolchain: The toolchain's `usr` folder (``toolchain(searchPath:)``).
    ///   - sourceRoots: Folders that the person named; the only way to make `/` a root. Unusable ones are left out and
    ///     stand in ``problems``.
    ///   - pathMaps: The longest matching prefix counts.
    public init(
        currentFolder: String?, toolchain: String? = nil, sourceRoots: [String] = [], pathMaps: [PathMap] = []
    ) {
        var roots: [String] = []
        if let currentFolder, let real = try? FileSystem.realPath(currentFolder), real != "/" {
            roots.append(real)
            if let tree = Self.workTree(enclosing: real) { roots.append(tree) }
        }
        if let toolchain, let real = try? FileSystem.realPath(toolchain), real != "/" { roots.append(real) }
        var problems: [String] = []
        for root in sourceRoots {
            do throws(SystemCallError) {
                roots.append(try Self.sourceRoot(root))
            } catch {
                problems.append("source root '\(root)': \(error.reason)")
            }
        }
        self.problems = problems
        fixedRoots = roots
        self.pathMaps = pathMaps.sorted { $0.from.utf8.count > $1.from.utf8.count }
    }

    /// The real path of a folder that the person named.
    private static func sourceRoot(_ root: String) throws(SystemCallError) -> String {
        guard !root.isEmpty else { throw SystemCallError("an empty path names no folder", root, code: 0) }
        // A NUL would cut the name for the system.
        guard !root.utf8.contains(0) else { throw SystemCallError("a NUL is part of no path", root, code: 0) }
        let real = try FileSystem.realPath(root)
        guard try FileStatus(path: real, followingLinks: true).isFolder else {
            throw SystemCallError("not a folder", root, code: 0)
        }
        for folder in forbidden where PathPrefix.contains(folder, real) {
            throw SystemCallError("nothing below \(folder) is ever taken", root, code: 0)
        }
        return real
    }

    /// The `usr` folder of the Swift toolchain that a `PATH` finds first: two folders above the real `swift`.
    public static func toolchain(searchPath: String) -> String? {
        for folder in searchPath.split(separator: ":") where folder.hasPrefix("/") {
            let path = "\(folder)/swift"
            guard access(path, X_OK) == 0, let real = try? FileSystem.realPath(path) else { continue }
            guard let bin = Self.parent(of: real), let usr = Self.parent(of: bin), usr != "/" else { return nil }
            return usr
        }
        return nil
    }

    /// The nearest folder at or above `folder` that holds `.git`; never `/`.
    static func workTree(enclosing folder: String) -> String? {
        var candidate: String? = folder
        while let path = candidate, path != "/" {
            if access(path + "/.git", F_OK) == 0 { return path }
            candidate = parent(of: path)
        }
        return nil
    }

    private static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), path != "/" else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The rules for one object.
    public func rules(forObject path: String) -> Rules {
        var roots = fixedRoots
        if let real = try? FileSystem.realPath(path), let folder = Self.parent(of: real),
            let tree = Self.workTree(enclosing: folder), !roots.contains(tree)
        {
            roots.append(tree)
        }
        return Rules(roots: roots, pathMaps: pathMaps)
    }

    /// Why a source was not taken; the raw value is the sentence that a report counts by.
    public enum Refusal: String, Sendable, Codable, CaseIterable, Error {
        case notFound = "not found on this machine"
        case outsideRoots = "outside the work tree, the current folder, the toolchain and every --source-root"
        case hidden = "hidden file or folder"
        case forbiddenFolder = "below /proc, /sys, /dev or /etc"
        case notRegular = "not a regular file"
        case tooLarge = "larger than 1 MiB"
        case notUTF8 = "not UTF-8"
        case unreadable = "cannot be read"
        case changed = "changed while it was opened"
        case notAPath = "not a file: made by the compiler"
        case overLimit = "over the limit of sources of one object"
    }

    /// The text of a source file that passed.
    public struct SourceFile: Sendable, Equatable {
        /// UTF-8.
        public var text: [UInt8]
        /// Where it was found, links resolved.
        public var realPath: String
        /// Time of the last change, nanoseconds since 1970.
        public var modified: Int64
    }
}
