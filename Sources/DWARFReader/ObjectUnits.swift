import ELFObject

/// The units of one object, and what reading one of them may need of the others.
///
/// Not handed out: ``DebugInformation`` and ``SourceFiles`` are the two ways to look at it.
struct ObjectUnits: ~Copyable {
    let file: String
    let bigEndian: Bool
    let limits: DWARFLimits
    let headers: [UnitHeader]
    let libdw: LibdwHandle
    let state: ReadingState

    /// The sections that answer addresses with names, files and lines. Macros, locations and accelerator
    /// tables stay out; so do `.debug_types` (type units hold no code) and `.gnu_debugaltlink` (libdw would open it).
    static let sections = [
        ".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_line_str", ".debug_str_offsets",
        ".debug_addr", ".debug_ranges", ".debug_rnglists",
    ]

    /// Copies, decompressing where needed, the sections of `object`: its DWARF's size in memory and time.
    init(_ object: ELFObject, limits: DWARFLimits) throws(DWARFError) {
        let name = object.name
        func error(_ section: String, _ reason: DWARFError.Reason) -> DWARFError {
            DWARFError(file: name, section: section, offset: nil, reason: reason)
        }
        guard object.header.type != .relocatable else { throw error(".debug_info", .relocatable) }
        let bigEndian = object.header.byteOrder == .big
        var image = SyntheticImage(is64Bit: object.header.is64Bit, bigEndian: bigEndian)
        var size = 0
        for section in Self.sections {
            guard let found = object.debugSection(String(section.dropFirst(".debug_".count))), found.hasContents else {
                if section == ".debug_info" { throw error(section, .noDebugInformation) }
                continue
            }
            let contents: SectionContents
            do throws(ELFError) {
                contents = try object.contents(of: found)
            } catch {
                throw DWARFError(file: name, section: section, offset: nil, reason: .container("\(error)"))
            }
            if section == ".debug_info", contents.count == 0 { throw error(section, .noDebugInformation) }
            guard contents.count <= limits.imageSize - size else {
                throw error(section, .limit(name: "imageSize", maximum: limits.imageSize))
            }
            size += contents.count
            guard contents.withUnsafeBytes({ image.append(section, $0) }) else {
                throw error(section, .outOfMemory(bytes: contents.count))
            }
        }
        guard image.finish(machine: object.header.machine) else {
            throw error(".debug_info", .outOfMemory(bytes: size))
        }
        let handle: LibdwHandle
        do throws(LibraryFailure) {
            handle = try LibdwHandle(image)
        } catch {
            throw DWARFError(file: name, section: ".debug_info", offset: nil, reason: .library(error.message))
        }
        file = name
        self.bigEndian = bigEndian
        self.limits = limits
        headers = handle.unitHeaders(bigEndian: bigEndian, limits: limits)
        var previous: UnitHeader?
        for header in headers {
            if header.failure == nil {
                previous = header
            } else {
                handle.neutralise(header, previous: previous, bigEndian: bigEndian)
            }
        }
        libdw = handle
        state = ReadingState(limits)
    }

    /// An error in this file.
    func error(_ section: String, _ offset: Int?, _ reason: DWARFError.Reason) -> DWARFError {
        DWARFError(file: file, section: section, offset: offset.map { UInt64($0) }, reason: reason)
    }

    /// Everything needed to read unit number `index`. Costs its abbreviation table.
    @_lifetime(borrow self)
    func reader(_ index: Int) throws(DWARFError) -> UnitReader {
        let header = headers[index]
        if let failure = header.failure { throw error(".debug_info", header.offset, failure) }
        let table: AbbreviationTable
        do throws(ReadFailure) {
            table = try state.abbreviations(
                libdw.image.contents(of: ".debug_abbrev"), header: header, bigEndian: bigEndian, limits)
        } catch {
            throw self.error(".debug_abbrev", Int(clamping: header.abbreviations), error.reason)
        }
        let unit: LibdwUnit
        do throws(LibraryFailure) {
            unit = try libdw.unit(firstEntry: header.firstEntry)
        } catch {
            throw self.error(".debug_info", header.offset, .library(error.message))
        }
        return UnitReader(
            libdw.image.contents(of: ".debug_info"), header: header, table: table, libdw: unit, bigEndian: bigEndian,
            limits: limits)
    }

    /// The sections for reading line tables.
    @_lifetime(borrow self)
    func lineInput() -> LineTableInput {
        LineTableInput(
            line: libdw.image.contents(of: ".debug_line"), lineStrings: libdw.image.contents(of: ".debug_line_str"),
            strings: libdw.image.contents(of: ".debug_str"), bigEndian: bigEndian)
    }

    /// The number of the unit whose entries include `offset` of `.debug_info`.
    func unit(containing offset: Int) -> Int? {
        var low = 0
        var high = headers.count
        while low < high {
            let middle = (low + high) / 2
            if headers[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        guard low < headers.count, headers[low].failure == nil, headers[low].firstEntry <= offset else { return nil }
        return low
    }
}

/// What reading leaves behind for later units: budgets and caches. A class so that units can be borrowed while it changes;
/// used by one thread, as libdw is.
final class ReadingState {
    var rows: Int
    var scopes: Int
    var ranges: Int
    var foreignEntries: Int
    private var abbreviationAttributes: Int
    private var lastTable: (key: TableKey, table: AbbreviationTable)?
    private var foreignTables: [TableKey: AbbreviationTable] = [:]
    /// Declarations of units that others refer to, by unit number.
    var foreignDeclarations: [Int: DeclarationContexts] = [:]
    /// Files of units that others refer to, by unit number.
    var foreignFiles: [Int: LineTable] = [:]

    /// A table is compiled for one offset and the sizes that forms depend on.
    private struct TableKey: Hashable {
        var offset: UInt64
        var sizes: FormSizes
    }

    init(_ limits: DWARFLimits) {
        rows = limits.rows
        scopes = limits.scopes
        ranges = limits.ranges
        foreignEntries = limits.foreignEntries
        abbreviationAttributes = limits.abbreviationAttributes
    }

    /// The table of a unit. The last few are kept: under link-time optimisation units refer to each other, and some
    /// linkers let all units share one table.
    func abbreviations(
        _ section: RawSpan, header: UnitHeader, bigEndian: Bool, _ limits: DWARFLimits
    ) throws(ReadFailure) -> AbbreviationTable {
        let key = TableKey(offset: header.abbreviations, sizes: header.sizes)
        if let lastTable, lastTable.key == key { return lastTable.table }
        if let kept = foreignTables[key] { return kept }
        let table = try AbbreviationTable(
            section, unit: header, bigEndian: bigEndian, budget: abbreviationAttributes, limits: limits)
        abbreviationAttributes -= table.attributes.count
        if foreignTables.count >= 256 { foreignTables.removeAll() }
        foreignTables[key] = table
        lastTable = (key, table)
        return table
    }
}
