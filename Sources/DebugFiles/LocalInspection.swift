public import ParserTasks

extension LocalDebugFiles {
    /// What a regular file on this machine is, without building its index. Never waits on a FIFO.
    /// - Throws: `debugFile`, as ``file(path:expectingBuildID:)``.
    public func inspect(path: String) async throws(DebugFilesError) -> ObjectInspection {
        let file: FileDescriptor
        do throws(SystemCallError) {
            file = try await offCooperativePool { () throws(SystemCallError) in
                let file = try FileDescriptor.openForReading(path)
                guard try FileStatus(of: file, path: path).isRegular else {
                    throw SystemCallError("not a regular file", path, code: 0)
                }
                return file
            }
        } catch {
            throw .debugFile(path: path, .missing, reason: error.description)
        }
        do throws(IndexFailure) {
            return try await inspection(of: file, name: path)
        } catch {
            throw .debugFile(path: path, error.status, reason: error.reason)
        }
    }
}
