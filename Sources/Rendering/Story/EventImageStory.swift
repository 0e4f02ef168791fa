import CrashEvent

/// An image that lacks something, and what to do about it.
public struct EventImageStory: Sendable {
    /// `code_file`, as it came.
    public let path: String?
    /// `code_id`, else `debug_id`, as it came.
    public let buildID: String?
    /// `debug_status`.
    public let status: String
    /// Why.
    public let reason: String?
    /// Builds of its name, for an image without an id.
    public let candidates: [Candidate]
    /// Whether the one build of its name answered.
    public let isMatchedByName: Bool
    /// Whether the file that was found has no debug information.
    public let hasOnlySymbols: Bool

    /// A build that the image may be.
    public struct Candidate: Sendable {
        /// The build id, or the debug id of a file that has none.
        public let buildID: String
        /// The file's name.
        public let name: String?
    }

    init?(_ node: JSONNode, in document: JSONDocument) {
        guard document.kind(of: node) == .object, let status = document.string("debug_status", of: node) else {
            return nil
        }
        self.status = status
        path = document.string("code_file", of: node).flatMap { $0.isEmpty ? nil : $0 }
        buildID = (document.string("code_id", of: node) ?? document.string("debug_id", of: node)).flatMap {
            $0.isEmpty ? nil : $0
        }
        let own = document.object("symbolist", of: node)
        reason = own.flatMap { document.string("reason", of: $0) }
        isMatchedByName = own.flatMap { document.string("matched_by", of: $0) } == "name"
        let features = document.object("features", of: node)
        hasOnlySymbols = features.flatMap { document.bool("has_debug_info", of: $0) } == false
        var candidates: [Candidate] = []
        if let list = own.flatMap({ document.array("candidates", of: $0) }) {
            for entry in document.elements(of: list) where candidates.count < 20 {
                let id = document.string("id", of: entry) ?? document.string("build_id", of: entry)
                if let id { candidates.append(Candidate(buildID: id, name: document.string("name", of: entry))) }
            }
        }
        self.candidates = candidates
    }

    /// Whether nothing of it is missed.
    var isComplete: Bool { status == "unused" || (status == "found" && !hasOnlySymbols) }

    /// The word that is shown for the status.
    var statusText: String { status == "found" && hasOnlySymbols ? "symbols only" : status }

    /// That no file with its id was uploaded is what `missing` says; any other reason is worth its line.
    var tellingReason: String? {
        guard let reason else { return nil }
        let isPlain = reason.hasPrefix("no debug file with ") && !reason.contains { ",;".contains($0) }
        return status == "missing" && buildID != nil && isPlain ? nil : reason
    }

    /// The word for `symbolist upload`; `nil` for what is no file.
    var uploadWord: String? {
        if let separateDebugFile { return ShellWord.quoted(path: separateDebugFile) }
        guard let path, !path.hasPrefix("["), path != "//anon", !path.hasPrefix("linux-vdso"),
            !path.hasPrefix("linux-gate"), path != "/", !path.hasSuffix("/")
        else { return nil }
        // A relative path is relative to a folder that nobody knows any more.
        return ShellWord.quoted(path: path.hasPrefix("/") ? path : Self.baseName(path))
    }

    /// Where distributions install what was split off a library of the system. The library itself has been read, and
    /// uploading it would add nothing.
    private var separateDebugFile: String? {
        guard status == "found", hasOnlySymbols, let path, let buildID, buildID.utf8.count >= 16,
            buildID.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            ["/lib", "/usr/lib"].contains(where: path.hasPrefix)
        else { return nil }
        return "/usr/lib/debug/.build-id/\(buildID.prefix(2))/\(buildID.dropFirst(2)).debug"
    }

    /// Whether it belongs to the system or to Swift, so that its debug information is rarely the first thing to look for.
    var isSystem: Bool {
        guard let path else { return false }
        if path.hasPrefix("[") || path.hasPrefix("linux-vdso") { return true }
        let folders = [
            "/lib/", "/lib32/", "/lib64/", "/libx32/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/libexec/",
        ]
        if folders.contains(where: path.hasPrefix)
            || path.split(separator: "/").contains("usr") && path.hasPrefix("/opt/")
            || path.contains("/lib/swift/linux/")
        {
            return true
        }
        let name = Self.libraryName(path)
        return Self.systemLibraries.contains(name) || name.hasPrefix("libswift") || name.hasPrefix("ld-linux")
            || name.hasPrefix("libFoundation") || name.hasPrefix("lib_Foundation") || name.hasPrefix("ld-musl")
    }

    private static let systemLibraries: Set<String> = [
        "libc", "libm", "libdl", "librt", "libpthread", "libresolv", "libutil", "libnsl", "libgcc_s", "libstdc++",
        "libc++",
        "libc++abi", "libdispatch", "libBlocksRuntime", "libz", "libcrypto", "libssl", "libasan", "libubsan", "libtsan",
        "liblsan", "libunwind", "libstd",
    ]

    /// `libc.so.6` of a path; the path itself when it ends in a slash.
    static func baseName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// `libc` of `/lib/libc.so.6`.
    static func libraryName(_ path: String) -> String {
        let name = baseName(path)
        guard name.hasPrefix("lib") || name.hasPrefix("ld"), let end = name.range(ofLibrarySuffix: ()) else {
            return name
        }
        return String(name[..<end])
    }
}

extension String {
    /// Where `.so`, `.so.6` begins.
    fileprivate func range(ofLibrarySuffix: Void) -> Index? {
        var start = startIndex
        while let dot = self[start...].firstIndex(of: ".") {
            let rest = self[dot...]
            if rest == ".so" || rest.hasPrefix(".so.") { return dot == startIndex ? nil : dot }
            start = index(after: dot)
        }
        return nil
    }
}
