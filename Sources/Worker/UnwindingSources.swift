public import DebugFiles
public import ParserTasks

extension SymbolSource {
    /// None: a source of indexes need not have files to unwind with.
    public func unwindingFiles(
        for modules: [DumpModule], project: String
    ) async throws(EnrichmentError) -> UnwindingFiles { UnwindingFiles() }
}

extension StoredSymbols {
    /// See ``SymbolSource/unwindingFiles(for:project:)``.
    public func unwindingFiles(
        for modules: [DumpModule], project: String
    ) async throws(EnrichmentError) -> UnwindingFiles {
        do throws(DebugFilesError) {
            return try await store.unwindingFiles(project: project, buildIDs: modules.compactMap(\.buildID))
        } catch {
            throw .unavailable(error.description)
        }
    }
}

extension NamedSymbols {
    /// See ``SymbolSource/unwindingFiles(for:project:)``. Named files go before those of the store, and these before the
    /// modules' own paths.
    public func unwindingFiles(
        for modules: [DumpModule], project: String
    ) async throws(EnrichmentError) -> UnwindingFiles {
        do throws(DebugFilesError) {
            var found = try await local.unwindingFiles(
                paths: namedPaths, buildIDs: Set(modules.compactMap(\.buildID)))
            if let fallback { found.fill(from: try await stored(fallback, modules, project)) }
            guard usesLocalFiles else { return found }
            let objects = found.objects
            let open = modules.filter { $0.buildID.map { !objects.contains($0) } ?? false }
            found.fill(from: try await local.unwindingFiles(of: open))
            return found
        } catch {
            throw .unavailable(error.description)
        }
    }

    private func stored(
        _ fallback: any SymbolSource, _ modules: [DumpModule], _ project: String
    ) async throws(DebugFilesError) -> UnwindingFiles {
        do throws(EnrichmentError) {
            return try await fallback.unwindingFiles(for: modules, project: project)
        } catch {
            throw .storage(error.description)
        }
    }
}
