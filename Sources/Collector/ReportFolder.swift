import CProcess
import Glibc

/// Where Swift's reports of a supervised program appear: a private folder, or the path that the user chose.
///
/// The kernel tells when a report is closed after writing, so a crash of a child is noticed while its parent goes on.
final class ReportFolder {
    /// A report as a file.
    struct Report: Equatable {
        let name: String
        /// The process it is about: the reporter names its files `PROGRAM-PID-0.0.json`.
        let processID: Int32?
        let bytes: [UInt8]
    }

    /// The private folder, empty where none could be made; removed by ``remove()``.
    let privatePath: String
    /// Becomes readable when something was written; -1 when the kernel has no watch left: then the end finds it all.
    let descriptor: Int32
    /// The most that is read of one report.
    static let limit = 64 << 20

    private var watched: String?
    /// Whether reports go to the private folder, not to a place of the user's.
    let isPrivate: Bool
    private var taken: Set<String> = []
    private let startTime = Timestamp.now()

    /// Makes the private folder in `parent`, 0700.
    static func makePrivate(in parent: String) throws(CallFailure) -> String {
        try Files.makeFolder(parent)
        var template = Array("\(parent)/symbolist-run-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CallFailure("mkdtemp", parent) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Watches where `output` says that reports go.
    init(privatePath: String, output: BacktraceSettings.Output) {
        self.privatePath = privatePath
        isPrivate = output == .privateFolder
        switch output {
        case .privateFolder: watched = privatePath
        case .path(let path): watched = path
        case .standardError, .standardOutput, .disabled: watched = nil
        }
        var watch: Int32 = -1
        if let watched {
            watch = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
            if watch >= 0, inotify_add_watch(watch, watched, UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR)) < 0 {
                close(watch)
                watch = -1
            }
        }
        descriptor = watch
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Empties the watch; what it says beyond "look" does not matter.
    func acknowledge() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while descriptor >= 0, read(descriptor, &buffer, buffer.count) > 0 {}
    }

    /// Reports that are complete and were not returned before. Of a folder of the user's only those of `program`, as
    /// other programs write there too.
    ///
    /// - Parameter isFinal: whether to take what is still being written, too.
    func reports(of program: pid_t, isFinal: Bool) -> (reports: [Report], unfinished: Int, problems: [String]) {
        guard let watched else { return ([], 0, []) }
        var reports: [Report] = []
        var problems: [String] = []
        var unfinished = 0
        for (name, path) in files(in: watched) where !taken.contains(name) {
            let processID = Self.processID(in: name)
            guard isPrivate || processID == program || path == watched else { continue }
            do throws(CallFailure) {
                let file = try Files.open(path)
                defer { close(file) }
                var status = stat()
                guard fstat(file, &status) == 0 else { throw CallFailure("fstat", path) }
                guard status.st_mode & S_IFMT == S_IFREG else { continue }
                // A file of the user's that was there before is not of this run.
                let modified = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
                if !isPrivate, modified < startTime { continue }
                if cprocess_has_writer(file) == 1, !isFinal {
                    unfinished += 1
                    continue
                }
                // Left empty by a reporter that died.
                guard status.st_size > 0 else { continue }
                taken.insert(name)
                guard status.st_size <= Self.limit else {
                    problems.append("\(path): the report has \(status.st_size) bytes, the limit is \(Self.limit)")
                    continue
                }
                reports.append(
                    Report(
                        name: name, processID: processID,
                        bytes: try Files.readAll(file, limit: Self.limit, path: path)))
            } catch {
                // Gone again, or not readable: told once.
                if error.code != ENOENT, taken.insert(name).inserted { problems.append(error.description) }
            }
        }
        return (reports, unfinished, problems)
    }

    /// Removes a report that is safe elsewhere; one of the user's stays.
    func forget(_ report: Report) {
        guard isPrivate else { return }
        unlink("\(privatePath)/\(report.name)")
        taken.remove(report.name)
    }

    /// Removes the private folder with all that is in it.
    func remove() {
        guard !privatePath.isEmpty else { return }
        for name in (try? Files.names(in: privatePath)) ?? [] { unlink("\(privatePath)/\(name)") }
        rmdir(privatePath)
    }

    private func files(in path: String) -> [(name: String, path: String)] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        if status.st_mode & S_IFMT == S_IFREG { return [("", path)] }
        return ((try? Files.names(in: path)) ?? []).filter { !$0.hasPrefix(".") }.map { ($0, "\(path)/\($0)") }
    }

    /// The number before the last `-…` of `till-4711-0.0.json`.
    static func processID(in name: String) -> Int32? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        return Int32(parts[parts.count - 2])
    }
}
