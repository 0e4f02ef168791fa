public import ParserTasks

extension LocalDebugFiles {
    /// What a regular file on this machine is, without building its index. Never waits on a FIFO.
    /// - Throws: `debugFile`, as ``file(path:expectingBuildID:)``.
    public func inspect(path: String) async throws(DebugFilesError) -> ObjectInspection {
        try await look(at: path).inspection
    }

    /// Texts of the sources that a debug file on this machine names, with their marks, as an upload would take them: text
    /// that stands in the debug information, and with `policy` files of this machine's disk.
    /// - Parameters:
    ///   - wanted: Paths as the index spells them; others are not read.
    ///   - policy: Which files may be read. `nil`: none.
    public func sourceTexts(
        path: String, wanted: Set<String>, policy: SourcePolicy?
    ) async throws(DebugFilesError) -> [String: SourceText] {
        let found = try await look(at: path)
        let sources = found.inspection.sources.filter { wanted.contains($0.path) }
        return await offCooperativePool {
            let collector = SourceCollector(
                rules: policy?.rules(forObject: path) ?? .none, objectModified: found.modified, embedded: found.texts,
                known: [:])
            var texts: [String: SourceText] = [:]
            for source in sources {
                guard let text = try? collector.text(of: source) else { continue }
                texts[source.path] = SourceText(bytes: text.bytes, mark: text.mark, digest: text.digest)
            }
            return texts
        }
    }

    private func look(
        at path: String
    ) async throws(DebugFilesError) -> (inspection: ObjectInspection, texts: FileDescriptor, modified: Int64) {
        let opened: (file: FileDescriptor, status: FileStatus)
        do throws(SystemCallError) {
            opened = try await offCooperativePool { () throws(SystemCallError) in
                let file = try FileDescriptor.openForReading(path)
                let status = try FileStatus(of: file, path: path)
                guard status.isRegular else { throw SystemCallError("not a regular file", path, code: 0) }
                return (file, status)
            }
        } catch {
            throw .debugFile(path: path, .missing, reason: error.description)
        }
        do throws(IndexFailure) {
            let found = try await inspection(of: opened.file, name: path)
            return (found.inspection, found.texts, opened.status.modified)
        } catch {
            throw .debugFile(path: path, error.status, reason: error.reason)
        }
    }
}
