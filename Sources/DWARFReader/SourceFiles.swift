public import ELFObject

/// The source files an object names, and the split units it needs: what the *inspect* step asks for, read from the line
/// tables' headers and the units' first entries alone.
///
/// Costs a fraction of ``DebugInformation``: no line program runs and no entry but the roots is read.
public struct SourceFiles: Sendable {
    /// Every file once, in the order of first mention. A path that is named twice with different checksums is there twice;
    /// where one mention has checksum or text and another has none, the fuller one stays. Code made by the compiler
    /// (``SourceFile/compilerGeneratedPath``) is left out: it has no source.
    public private(set) var files: [SourceFile] = []
    /// Split units (`.dwo`) that skeletons name, clang modules left out.
    public private(set) var splitUnits: [SplitUnitReference] = []
    /// Units that could not be read: the first ``DebugInformation/maximumSkippedUnits`` of ``UnitCounts/skipped``.
    public private(set) var skippedUnits: [SkippedUnit] = []
    /// Line tables that could not be read, or not wholly; after ``CompileUnit/maximumProblems`` no more are added.
    public private(set) var problems: [DWARFError] = []
    /// How many units of each kind the object has.
    public private(set) var counts = UnitCounts()

    /// Reads all units of `object`; throws what ``DebugInformation/init(_:limits:)`` throws.
    public init(_ object: ELFObject, limits: DWARFLimits = .default) throws(DWARFError) {
        let units = try ObjectUnits(object, limits: limits)
        // Units may share a table; with one compilation directory it says the same again.
        var tables: Set<TableKey> = []
        var places: [Key: Int] = [:]
        for index in units.headers.indices {
            let header = units.headers[index]
            if header.isTypeUnit, header.failure == nil {
                counts.typeUnits += 1
                continue
            }
            do throws(DWARFError) {
                let reader = try units.reader(index)
                guard let (started, root) = try units.start(reader) else {
                    counts.clangModules += 1
                    continue
                }
                var unit = started
                counts.read += 1
                if let split = unit.splitUnit { splitUnits.append(split) }
                guard let offset = reader.number(root.statementList),
                    tables.insert(TableKey(offset: offset, directory: unit.compilationDirectory)).inserted
                else { continue }
                for file in units.lineTable(at: offset, withRows: false, &unit).files { add(file, &places) }
                if problems.count < CompileUnit.maximumProblems { problems += unit.problems }
            } catch {
                counts.skipped += 1
                if skippedUnits.count < DebugInformation.maximumSkippedUnits {
                    skippedUnits.append(SkippedUnit(offset: UInt64(header.offset), reason: error))
                }
            }
        }
    }

    private struct TableKey: Hashable {
        var offset: UInt64
        var directory: String?
    }

    private struct Key: Hashable {
        var path: String
        var md5: [UInt8]?
    }

    private mutating func add(_ file: SourceFile, _ places: inout [Key: Int]) {
        if file.path == SourceFile.compilerGeneratedPath { return }
        let key = Key(path: file.path, md5: file.md5)
        if let place = places[key] {
            if files[place].embeddedSource == nil, file.embeddedSource != nil { files[place] = file }
            return
        }
        if file.md5 == nil {
            // Remembered under "no checksum": a later mention with one replaces it.
            places[key] = files.count
        } else if let place = places[Key(path: file.path, md5: nil)], files[place].md5 == nil {
            places[key] = place
            files[place] = file
            return
        } else {
            places[key] = files.count
            let bare = Key(path: file.path, md5: nil)
            if places[bare] == nil { places[bare] = files.count }
        }
        files.append(file)
    }
}
