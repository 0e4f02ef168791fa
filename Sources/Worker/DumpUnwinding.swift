import CrashReports
import DebugFiles
import ParserTasks

extension DumpReader {
    /// Modules that files are looked for: no process has more, a hostile dump may.
    private static let moduleLimit = 5000
    /// Children that one dump is worth when its modules have more files than one child takes.
    private static let roundLimit = 4
    /// Modules that a note names.
    private static let namedLimit = 20

    /// Unwinds a dump with the files that there are for its modules.
    func unwind(
        _ files: ReadDump.Files, _ name: String, _ project: String, _ context: ReportContext, _ onProgress: Progress?
    ) async throws(EnrichmentError) -> ReadDump {
        let digest: String
        do throws(SystemCallError) {
            digest = try await files.dump.dumpDigest(name: name)
        } catch {
            throw .temporary(error.description)
        }
        let inspection: DumpInspection
        do throws(ObjectParserError) {
            inspection = try await parser.inspect(files.dump, name: name)
        } catch {
            throw EnrichmentError(error)
        }
        let modules = inspection.modules
        let offers = try await source.unwindingFiles(for: Self.wanted(modules), project: project)
        var round = try await unwind(files.dump, name, modules, ModuleFiles(modules, offers), onProgress)
        let map = ModuleMap(modules)
        for _ in 1..<Self.roundLimit {
            // Only a process with more modules than descriptors comes here a second time.
            guard !round.files.omitted.isDisjoint(with: map.framed(round.dump)) else { break }
            let better = ModuleFiles(modules, offers, framed: map.framed(round.dump))
            guard better.omitted != round.files.omitted else { break }
            round = try await unwind(files.dump, name, modules, better, onProgress)
        }
        return try report(round, map, offers, digest, files, context)
    }

    /// One child's work.
    private struct Round {
        var dump: UnwoundDump
        var files: ModuleFiles
        /// Modules whose executable or library was handed over.
        var objects: Set<Int>
    }

    private func unwind(
        _ dump: FileDescriptor, _ name: String, _ modules: [DumpModule], _ files: ModuleFiles,
        _ onProgress: Progress?
    ) async throws(EnrichmentError) -> Round {
        var request = DumpRequest(name: name)
        var opened: [FileDescriptor] = []
        var objects: Set<Int> = []
        // One module may be mapped twice, or a file be there for several: each is opened once.
        var known: [String: FileDescriptor] = [:]
        for entry in files.chosen {
            let key = entry.file.buildID + (entry.file.isDebugFile ? ".debug" : "")
            do throws(DebugFilesError) {
                if known[key] == nil { known[key] = try await entry.file.open() }
            } catch {
                throw .unavailable(error.description)
            }
            guard let file = known[key] else { continue }
            opened.append(file)
            request.files.append(
                .init(module: entry.module, isDebugFile: entry.file.isDebugFile, name: entry.file.name))
            if !entry.file.isDebugFile { objects.insert(entry.module) }
        }
        do throws(ObjectParserError) {
            let unwound = try await parser.unwind(
                dump, request: request, files: opened,
                onProgress: Self.report(.unwinding, to: onProgress))
            // What the child says of the modules must fit what the files were chosen by.
            guard unwound.inspection.modules.count == modules.count else {
                throw .died("it answered with \(unwound.inspection.modules.count) modules, first \(modules.count)")
            }
            return Round(dump: unwound, files: files, objects: objects)
        } catch {
            throw EnrichmentError(error)
        }
    }

    private func report(
        _ round: Round, _ map: ModuleMap, _ offers: UnwindingFiles, _ digest: String, _ files: ReadDump.Files,
        _ context: ReportContext
    ) throws(EnrichmentError) -> ReadDump {
        var dump = round.dump
        let modules = dump.inspection.modules
        let framed = map.framed(dump).sorted()
        let lacking = framed.filter { !round.objects.contains($0) && !Self.isOfTheKernel(modules[$0]) }
        if !lacking.isEmpty {
            let names = lacking.prefix(Self.namedLimit).map { position in
                let module = modules[position]
                return (module.path.isEmpty ? "a nameless module" : module.path)
                    + (module.buildID.map { " (build id \($0))" } ?? " (no build id)")
            }
            let more = lacking.count > names.count ? " and \(lacking.count - names.count) more" : ""
            dump.notes.append(
                "no file with this build id to unwind with, so frame pointers were used: "
                    + names.joined(separator: ", ") + more)
        }
        let leftOut = round.files.omitted.intersection(framed)
        if !leftOut.isEmpty {
            dump.notes.append(
                "files of \(leftOut.count) modules were not used: one dump is unwound with at most "
                    + "\(DumpRequest.fileLimit) files")
        }
        dump.notes += offers.problems
        do throws(CrashReportError) {
            return ReadDump(
                report: try CrashReports.event(of: dump, digest: digest, context: context, limits: limits),
                unwoundWith: Self.ids(framed.filter(round.objects.contains), modules),
                lacking: Self.ids(lacking, modules), catalogueSequence: offers.catalogueSequence, files: files)
        } catch {
            throw .notUnderstood(error.description)
        }
    }

    private static func ids(_ positions: [Int], _ modules: [DumpModule]) -> [String] {
        Set(positions.compactMap { modules[$0].buildID }).sorted()
    }

    /// The vDSO is no file: the kernel maps it, and a dump has its bytes.
    static func isOfTheKernel(_ module: DumpModule) -> Bool {
        ["[vdso]", "[vsyscall]", "linux-vdso.so.1", "linux-gate.so.1", "linux-gate.so"].contains(module.path)
    }

    /// Those with code first.
    private static func wanted(_ modules: [DumpModule]) -> [DumpModule] {
        let known = modules.filter { $0.buildID != nil }
        return Array((known.filter(\.isExecutable) + known.filter { !$0.isExecutable }).prefix(moduleLimit))
    }
}
