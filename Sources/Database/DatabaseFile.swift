import Glibc

/// Makes the database file before SQLite sees it, so that its mode is right from the first byte on.
///
/// SQLite gives `-wal` and `-shm` the mode of the database file, so one right mode is enough for all three, whatever
/// the umask is.
enum DatabaseFile {
    /// Resolves `path`, checks its file system and creates what is missing: folders 0700, the file 0600.
    ///
    /// An existing file keeps its mode: an operator may have shared it with a group on purpose.
    ///
    /// - Returns: the absolute path without symbolic links, as SQLite is to open it. It begins with a slash, so that no
    ///   build option of SQLite reads it as a URI.
    static func prepare(_ path: String, probe: FileSystemProbe) throws(DatabaseOpeningError) -> String {
        if let existing = resolve(path) {
            try check(existing, at: path, probe: probe)
            return existing
        }
        var info = stat()
        if lstat(path, &info) == 0 {
            // Another process made it between the two looks, or it is a symbolic link to nothing.
            guard info.st_mode & S_IFMT != S_IFLNK, let existing = resolve(path) else {
                throw .system(operation: "realpath", path: path, errno: ENOENT)
            }
            try check(existing, at: path, probe: probe)
            return existing
        }
        let (folder, name) = split(path)
        guard !name.isEmpty, name != ".", name != ".." else {
            throw .invalidURL(reason: "the path names a folder; write sqlite:PATH with a file's name at its end")
        }
        // Before anything is created: a refusal leaves nothing behind.
        try refuseNetwork(nearestExisting(folder), at: path, probe: probe)
        try createFolder(folder)
        guard let parent = resolve(folder) else { throw .system(operation: "realpath", path: folder, errno: errno) }
        let file = parent == "/" ? "/" + name : parent + "/" + name
        try createFile(file, in: parent)
        return file
    }

    private static func check(_ path: String, at named: String, probe: FileSystemProbe) throws(DatabaseOpeningError) {
        var info = stat()
        guard stat(path, &info) == 0 else { throw .system(operation: "stat", path: named, errno: errno) }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw .notSymbolist(path: named, reason: "not a regular file")
        }
        try refuseNetwork(path, at: named, probe: probe)
    }

    private static func refuseNetwork(
        _ path: String, at named: String, probe: FileSystemProbe
    ) throws(DatabaseOpeningError) {
        if let type = try probe.refusal(path) { throw .networkFileSystem(path: named, type: type) }
    }

    /// An empty file under a name of its own, then linked into place.
    ///
    /// Not simply opened with `O_CREAT`: closing *any* descriptor of a file drops all POSIX locks that this process
    /// holds on it, so the descriptor must be closed before another connection of this process can find the file.
    private static func createFile(_ path: String, in folder: String) throws(DatabaseOpeningError) {
        let random = UInt64.random(in: .min ... .max)
        let temporary = folder + "/.symbolist-" + String(random, radix: 36)
        let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(operation: "create", path: path, errno: errno) }
        defer { unlink(temporary) }
        // The umask may have taken bits away that the owner needs.
        let changed = fchmod(descriptor, 0o600) == 0
        let code = errno
        close(descriptor)
        guard changed else { throw .system(operation: "fchmod", path: path, errno: code) }
        // EEXIST: another process made it between our look and now, in the same way.
        guard link(temporary, path) == 0 || errno == EEXIST else {
            throw .system(operation: "link", path: path, errno: errno)
        }
    }

    private static func createFolder(_ path: String) throws(DatabaseOpeningError) {
        var missing: [String] = []
        var folder = path
        while access(folder, F_OK) != 0, errno == ENOENT {
            missing.append(folder)
            folder = split(folder).folder
        }
        for folder in missing.reversed() {
            guard mkdir(folder, 0o700) == 0 else {
                if errno == EEXIST { continue }
                throw .system(operation: "mkdir", path: folder, errno: errno)
            }
            // Against a umask that takes the owner's bits away.
            guard chmod(folder, 0o700) == 0 else { throw .system(operation: "chmod", path: folder, errno: errno) }
        }
    }

    private static func nearestExisting(_ path: String) -> String {
        var folder = path
        while access(folder, F_OK) != 0, errno == ENOENT, folder != "/", folder != "." {
            folder = split(folder).folder
        }
        return folder
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        var text = path[...]
        while text.count > 1, text.hasSuffix("/") { text = text.dropLast() }
        guard let slash = text.lastIndex(of: "/") else { return (".", String(text)) }
        let folder = text[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(text[text.index(after: slash)...]))
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
