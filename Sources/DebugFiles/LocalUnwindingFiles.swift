public import ParserTasks

extension LocalDebugFiles {
    /// Modules whose own paths are looked at: a dump may name any number of files.
    private static let pathLimit = 1000

    /// The files that modules can be unwound with, among named files and below named folders (`--debug-file`).
    ///
    /// Cost: every ELF file is hashed and inspected once, and remembered by its digest.
    /// - Throws: `cancelled`. A file that cannot be used stands among the problems.
    public func unwindingFiles(
        paths: [String], buildIDs: Set<String>
    ) async throws(DebugFilesError) -> UnwindingFiles {
        var result = UnwindingFiles()
        guard !paths.isEmpty, !buildIDs.isEmpty else { return result }
        let items = await offCooperativePool {
            var walk = UploadWalk(paths: paths)
            return walk.next(limit: .max)
        }
        for item in items {
            if Task.isCancelled { throw .cancelled }
            // What is no ELF file and was named is told when its index is wanted.
            guard item.kind == .candidate else { continue }
            do throws(DebugFilesError) {
                let opened = try await open(item.path)
                let inspection = try await inspection(of: opened)
                guard let id = inspection.buildID, buildIDs.contains(id), !inspection.isPart else { continue }
                let isDebugFile = !inspection.hasCode
                if isDebugFile, !inspection.isOfUseForUnwinding { continue }
                var found = UnwindingFiles()
                found.files = [file(opened, buildID: id, isDebugFile: isDebugFile)]
                result.fill(from: found)
            } catch {
                if error == .cancelled { throw error }
                result.problems.append(error.description)
            }
        }
        return result
    }

    /// The files that modules can be unwound with at the modules' own paths on this machine (`--local-files`): regular
    /// files of the module's build id, nothing else. The dump names the paths, and a dump is untrusted.
    ///
    /// Cost: as ``unwindingFiles(paths:buildIDs:)``; of a dump with more than 1,000 modules the first ones.
    public func unwindingFiles(of modules: [DumpModule]) async throws(DebugFilesError) -> UnwindingFiles {
        var result = UnwindingFiles()
        var left = Self.pathLimit
        var seen: Set<String> = []
        for module in modules where left > 0 {
            if Task.isCancelled { throw .cancelled }
            guard let id = module.buildID, module.path.hasPrefix("/"), seen.insert(id).inserted else { continue }
            left -= 1
            do throws(DebugFilesError) {
                let opened = try await open(module.path)
                let inspection = try await inspection(of: opened)
                guard inspection.buildID == id, inspection.hasCode else { continue }
                result.files.append(file(opened, buildID: id, isDebugFile: false))
            } catch {
                // Most machines do not have most of another's files.
                if error == .cancelled { throw error }
            }
        }
        return result
    }

    /// Closed until it is wanted: a process has hundreds of modules. What is opened then has the same bytes.
    private func file(_ opened: Opened, buildID: String, isDebugFile: Bool) -> UnwindingFile {
        let (path, digest) = (opened.path, opened.digest)
        return UnwindingFile(buildID: buildID, name: path, isDebugFile: isDebugFile) {
            () async throws(DebugFilesError) -> FileDescriptor? in
            do throws(DebugFilesError) {
                let again = try await open(path)
                return again.digest == digest ? again.file : nil
            } catch {
                return nil
            }
        }
    }
}
