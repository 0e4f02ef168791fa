import CProcess
import Glibc

/// Moving files out of the way, with a note that says why.
///
/// The folder may be one that others write to: what stands there under the target's name is entered only when it is a
/// real folder of this user, so that nobody can have files moved to where only this user may write.
enum SetAside {
    /// Moves `name` of `folder` to the folder below it that `parts` name, made when missing, and writes `NAME.reason.txt`
    /// beside it when there is a reason. A file of the same name is not replaced: the new one gets a number.
    static func move(_ name: String, from folder: String, into parts: [String], reason: String?) throws(CallFailure) {
        let source = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard source >= 0 else { throw CallFailure("open", folder) }
        defer { close(source) }
        let target = try enter(parts, below: source, path: folder)
        defer { close(target) }
        for attempt in 0..<1000 {
            let free = attempt == 0 ? name : "\(name).\(attempt)"
            guard renameWithoutReplacing(name, in: source, to: free, in: target) else {
                if errno == EEXIST { continue }
                throw CallFailure("rename", "\(folder)/\(name)")
            }
            // The file is out of the way, which is what counts; a note that cannot be written is only lost.
            if let reason { write("\(reason)\n", to: "\(free).reason.txt", in: target) }
            return
        }
        throw CallFailure("rename", "\(folder)/\(name)", code: EEXIST)
    }

    /// Opens the folder that `parts` name.
    private static func enter(_ parts: [String], below start: Int32, path: String) throws(CallFailure) -> Int32 {
        var current = dup(start)
        var path = path
        for part in parts {
            path += "/" + part
            guard mkdirat(current, part, 0o700) == 0 || errno == EEXIST else {
                let failure = CallFailure("mkdir", path)
                close(current)
                throw failure
            }
            let next = openat(current, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let failure = CallFailure("open", path)
            close(current)
            guard next >= 0 else { throw failure }
            var status = stat()
            guard fstat(next, &status) == 0, status.st_uid == geteuid() else {
                close(next)
                throw CallFailure("open a folder of another user", path, code: EPERM)
            }
            current = next
        }
        return current
    }

    private static func renameWithoutReplacing(_ old: String, in source: Int32, to new: String, in target: Int32)
        -> Bool
    {
        if cprocess_rename_exclusively(source, old, target, new) == 0 { return true }
        guard errno == EINVAL || errno == ENOSYS else { return false }
        // A file system without the flag: only two processes that move the same name at once could still collide.
        var status = stat()
        guard fstatat(target, new, &status, AT_SYMLINK_NOFOLLOW) != 0 else {
            errno = EEXIST
            return false
        }
        return renameat(source, old, target, new) == 0
    }

    private static func write(_ text: String, to name: String, in folder: Int32) {
        let file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        defer { close(file) }
        try? Files.writeAll(Array(text.utf8), to: file, path: name)
    }
}
