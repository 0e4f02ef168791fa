public import ELFObject

/// A source file that a line table names.
public struct SourceFile: Sendable, Hashable {
    /// Compilation directory, include directory and name, joined by `/` until absolute, and not changed beyond that: `..`
    /// and symbolic links stay. Bytes that are not UTF-8 are replaced. Code without a source has the path
    /// ``compilerGeneratedPath`` whatever its directory.
    public let path: String
    /// The MD5 of the text, 16 bytes, when the table carries one (DWARF 5, section 6.2.4.1).
    public let md5: [UInt8]?
    /// The text itself when the compiler embedded it (`DW_LNCT_LLVM_source`, clang's `-gembed-source`).
    public let embeddedSource: [UInt8]?

    /// The path that stands for code the Swift compiler made up, without slashes before it.
    public static let compilerGeneratedPath = "<compiler-generated>"

    /// A file as a line table describes it.
    public init(path: String, md5: [UInt8]? = nil, embeddedSource: [UInt8]? = nil) {
        self.path = path
        self.md5 = md5
        self.embeddedSource = embeddedSource
    }
}

/// The source files an object names, and the split units it needs: what the *inspect* step asks for, read from the line
/// tables' headers and the units' first entries alone.
///
/// Costs a fraction of reading the units: no line program runs and no entry but the roots is read.
public struct SourceFiles: Sendable {
    /// Every file once, in the order of first mention. A path that is named twice with different checksums is there twice;
    /// where one mention has checksum or text and another has none, the fuller one stays. Code made by the compiler
    /// (``SourceFile/compilerGeneratedPath``) is left out: it has no source.
    public private(set) var files: [SourceFile] = []
    /// Split units (`.dwo`) that skeletons name, clang modules left out.
    public private(set) var splitUnits: [SplitUnitReference] = []
    /// Units that could not be read: the first ``DebugInputs/maximumSkippedUnits`` of ``UnitCounts/skipped``.
    public private(set) var skippedUnits: [SkippedUnit] = []
    /// Line tables that could not be read, or not wholly; after ``UnitCode/maximumProblems`` no more are added.
    public private(set) var problems: [DWARFError] = []
    /// How many units of each kind the object has.
    public private(set) var counts = UnitCounts()

    /// Reads all units of `object`, which it decompresses itself; throws what
    /// ``DebugInputs/init(main:supplementary:split:limits:)`` throws. A `.dwo` or `.dwp` has no `.debug_info`: the files
    /// are then those of its `.debug_line.dwo`, as far as the compiler wrote one.
    public init(_ object: ELFObject, limits: DWARFLimits = .default) throws(DWARFError) {
        do throws(DWARFError) {
            let inputs = try DebugInputs(main: object, limits: limits)
            try Self.fill(inputs.sections, object.name)
            try self.init(inputs)
        } catch {
            guard error.reason == .noDebugInformation else { throw error }
            var size = 0
            let space = try DebugSpace(object, role: .split, number: 0, size: &size, limits: limits)
            guard space.information.count > 0 else { throw error }
            self.init()
            try Self.fill(space.sections.filter { $0 !== space.informationSection }, object.name)
            var places: [Key: Int] = [:]
            addSplitFiles(space, DebugInputs(spaces: [space], limits: limits), &places)
        }
    }

    /// Reads all units of `inputs`, whose sections are filled by others, before or meanwhile. Memory that has been read is
    /// given back.
    public init(_ inputs: DebugInputs) throws(DWARFError) {
        let reader = UnitReader(inputs)
        // Units may share a table; with one compilation directory it says the same again.
        var tables: Set<TableKey> = []
        var places: [Key: Int] = [:]
        while let unit = try inputs.nextUnit() {
            defer { inputs.finish(unit) }
            let root: UnitRoot
            do throws(DWARFError) {
                root = UnitRoot(try reader.start(inputs.main, unit.header), reader)
            } catch {
                inputs.skip(unit.header.offset, error)
                continue
            }
            if root.isClangModule {
                inputs.count { $0.clangModules += 1 }
                continue
            }
            inputs.count { $0.read += 1 }
            if root.isSkeleton { splitUnits.append(root.splitReference(inputs)) }
            let directory = inputs.string(root.compilationDirectory)
            guard let offset = root.statementList,
                tables.insert(TableKey(offset: offset, directory: directory)).inserted
            else { continue }
            try inputs.waitForLineTable(at: offset)
            addTable(at: offset, LineTableInput(inputs.main), directory ?? "", inputs, &places)
        }
        counts = inputs.counts
        skippedUnits = inputs.skippedUnits
    }

    private init() {}

    private static func fill(_ sections: [DebugSection], _ file: String) throws(DWARFError) {
        for section in sections {
            do throws(ELFError) {
                try section.fill()
            } catch {
                throw DWARFError(file: file, section: section.name, offset: nil, reason: .container("\(error)"))
            }
        }
    }

    /// The tables of a split file stand one behind the other.
    private mutating func addSplitFiles(_ space: DebugSpace, _ inputs: DebugInputs, _ places: inout [Key: Int]) {
        let input = LineTableInput(space)
        var offset = 0
        while offset < space.line.count, let end = LineHeader.end(input, at: UInt64(offset)), end > offset {
            addTable(at: UInt64(offset), input, "", inputs, &places)
            offset = end
        }
    }

    private mutating func addTable(
        at offset: UInt64, _ input: LineTableInput, _ directory: String, _ inputs: DebugInputs,
        _ places: inout [Key: Int]
    ) {
        do throws(ReadFailure) {
            let header = try LineHeader(input, at: offset, limits: inputs.limits)
            var budget = inputs.limits.embeddedSourcePerUnit
            for entry in header.files {
                var path = Array(directory.utf8)
                let name = inputs.bytes(of: entry.name)
                if name.elementsEqual(SourceFile.compilerGeneratedPath.utf8) { continue }
                let folder = inputs.bytes(of: header.directory(of: entry))
                // See `LineHeader.start`.
                if header.version >= 5, entry.directory == 0, path.elementsEqual(folder) { path.removeAll() }
                PathJoiner.append(folder, to: &path, from: 0)
                PathJoiner.append(name, to: &path, from: 0)
                var file = SourceFile(
                    path: String(decoding: path, as: UTF8.self),
                    md5: entry.md5.map { input.line.array($0..<($0 + 16)) })
                if !entry.source.isNone {
                    // An empty text is clang's mark for "this file's text is not embedded".
                    let text = inputs.bytes(of: entry.source, maximum: budget)
                    guard let text else {
                        throw .limit(name: "embeddedSourcePerUnit", maximum: inputs.limits.embeddedSourcePerUnit)
                    }
                    budget -= text.count
                    if text.count > 0 {
                        file = SourceFile(path: file.path, md5: file.md5, embeddedSource: Array(text))
                    }
                }
                add(file, &places)
            }
        } catch {
            guard problems.count < UnitCode.maximumProblems else { return }
            problems.append(input.space.error(".debug_line", Int(clamping: offset), error.reason))
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

/// The split units that a `.dwo` or `.dwp` file holds, by the ids that pair them with their skeletons: for *inspect*.
public struct SplitUnitsHeld: Sendable {
    /// The dwo ids, each once, in the order of the file.
    public let ids: [UInt64]
    /// The file is a package (`.dwp`) with an index of its units.
    public let isPackage: Bool
    /// What could not be read of the index or of single units' headers; at most ``UnitCode/maximumProblems``.
    public let problems: [DWARFError]

    /// Reads the units' headers, or the package's index alone. Empty for a file that has neither.
    public init(_ object: ELFObject, limits: DWARFLimits = .default) throws(DWARFError) {
        var size = 0
        let space = try DebugSpace(object, role: .split, number: 0, size: &size, limits: limits)
        let isPackage = space.unitIndex.count > 0
        for section in space.sections {
            let isWanted =
                isPackage
                ? section.name == ".debug_cu_index"
                : section.name == ".debug_info.dwo" || section.name == ".debug_abbrev.dwo"
            guard isWanted else { continue }
            do throws(ELFError) {
                try section.fill()
            } catch {
                throw DWARFError(
                    file: object.name, section: section.name, offset: nil, reason: .container("\(error)"))
            }
        }
        let index = SplitIndex([space], AbbreviationCache(limits), limits)
        // The sections are read in place.
        withExtendedLifetime(space) {}
        ids = index.ids
        self.isPackage = index.isPackage
        problems = index.problems
    }
}
