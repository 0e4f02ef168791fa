import Glibc

extension SourcePolicy {
    /// The policy as it is for one object: its work tree is a root too.
    public struct Rules: Sendable {
        let roots: [String]
        let pathMaps: [PathMap]

        /// No file may be read.
        static let none = Rules(roots: [], pathMaps: [])

        /// Reads the file that `path`, as the debug information spells it, means on this machine. Blocks on the disk,
        /// never on a FIFO.
        public func read(_ path: String) throws(Refusal) -> SourceFile {
            // A NUL would cut the name for the system; `<compiler-generated>` and its kind name no file.
            guard !path.utf8.contains(0), !path.isEmpty, !path.utf8.elementsEqual("/".utf8), path.utf8.last != 0x3E
            else { throw .notAPath }
            var worst: Refusal = .notFound
            for candidate in candidates(for: path) {
                do throws(Refusal) {
                    return try readReal(candidate)
                } catch {
                    if error == .notFound { continue }
                    worst = error
                }
            }
            throw worst
        }

        /// The names to try: the mapped path, or for a relative one (the build mapped its folder away) below each root.
        private func candidates(for path: String) -> [String] {
            let mapped = mapping(path)
            if mapped.hasPrefix("/") { return [mapped] }
            return roots.map { $0 + "/" + mapped }
        }

        private func mapping(_ path: String) -> String {
            for map in pathMaps where PathPrefix.contains(map.from, path) {
                let rest = path.utf8.dropFirst(map.from.utf8.count).drop { $0 == 0x2F }
                return rest.isEmpty ? map.to : (map.to == "/" ? "/" : map.to + "/") + String(Substring(rest))
            }
            return path
        }

        private func readReal(_ path: String) throws(Refusal) -> SourceFile {
            let real: String
            do throws(SystemCallError) {
                real = try FileSystem.realPath(path)
            } catch {
                throw error.code == ENOENT || error.code == ENOTDIR ? .notFound : .unreadable
            }
            try check(real)
            // Asked before opening, because opening a device can do something; asked again of the open file.
            guard let before = try? FileStatus(path: real, followingLinks: false) else { throw .notFound }
            guard before.isRegular else { throw .notRegular }
            guard let file = try? FileDescriptor.openForReading(real, followingLinks: false) else { throw .unreadable }
            return try readOpened(file, real: real)
        }

        /// Takes the text of an open file, after asking the kernel what and where it is.
        func readOpened(_ file: FileDescriptor, real: String) throws(Refusal) -> SourceFile {
            guard let status = try? FileStatus(of: file, path: real) else { throw .unreadable }
            guard status.isRegular else { throw .notRegular }
            guard let opened = try? FileSystem.currentPath(of: file) else { throw .unreadable }
            // A folder on the way that became a link since `realpath` shows here.
            guard opened == real else { throw .changed }
            try check(opened)
            guard status.size <= SourcePolicy.sizeLimit else { throw .tooLarge }
            // One byte more than allowed: a file that grows while it is read is too large as well.
            guard let text = try? file.read(at: 0, count: SourcePolicy.sizeLimit + 1, path: real) else {
                throw .unreadable
            }
            guard text.count <= SourcePolicy.sizeLimit else { throw .tooLarge }
            guard String(validating: text, as: UTF8.self) != nil else { throw .notUTF8 }
            return SourceFile(text: text, realPath: real, modified: status.modified)
        }

        /// The rules about a path whose links are resolved.
        private func check(_ real: String) throws(Refusal) {
            for folder in SourcePolicy.forbidden where PathPrefix.contains(folder, real) { throw .forbiddenFolder }
            var refusal = Refusal.outsideRoots
            for root in roots {
                guard let components = PathPrefix.components(of: real, below: root) else { continue }
                if !Self.isHidden(components) { return }
                refusal = .hidden
            }
            throw refusal
        }

        /// Whether a component begins with a dot. `.build` directly followed by `checkouts` is not counted: there
        /// SwiftPM keeps the sources of dependencies.
        static func isHidden(_ components: [Substring]) -> Bool {
            for (index, component) in components.enumerated() where component.utf8.first == 0x2E {
                let next = index + 1 < components.count ? components[index + 1] : ""
                if component != ".build" || next != "checkouts" { return true }
            }
            return false
        }
    }
}
