import Bytes
import ELFObject
import SymbolIndex

/// What index and inspection both need of an object.
enum ObjectReading {
    /// Maps and opens the object behind `descriptor`.
    static func open(_ descriptor: Int32, name: String) throws(IndexBuildError) -> ELFObject {
        let file: MappedFile
        do throws(MappedFileError) {
            file = try MappedFile(descriptor: descriptor, name: name)
        } catch {
            throw .unreadable(error.description)
        }
        do throws(ELFError) {
            return try ELFObject(file, name: name)
        } catch {
            throw .object(error)
        }
    }

    /// Where the object has machine code. Section headers tell in a separate debug file too, whose code sections have
    /// no contents.
    static func liveCode(of object: ELFObject) -> LiveCode {
        let sections = object.sections.filter { $0.isAllocated && $0.isExecutable && $0.size > 0 }
        if !sections.isEmpty { return LiveCode(sections.compactMap { range($0.address, $0.size) }) }
        return LiveCode(object.loadSegments.filter(\.isExecutable).compactMap { range($0.address, $0.memorySize) })
    }

    /// Where the sections of a relocatable object have been laid out; empty for linked ones.
    static func sections(of object: ELFObject) -> [IndexedSection] {
        object.layout.map {
            IndexedSection(
                name: $0.name, number: UInt32(truncatingIfNeeded: $0.section), fileOffset: $0.fileOffset,
                address: $0.address, size: $0.size)
        }
    }

    /// Bytes of all symbol names together: names may overlap in the string table, so a small file can claim terabytes.
    private static let maximumNameBytes = 1 << 30

    /// The symbols of code, and what was wrong with the table.
    static func symbols(of object: ELFObject) -> (symbols: [SymbolRanges.Symbol], problems: [String]) {
        let table: ELFSymbolTable
        do throws(ELFError) {
            table = try object.symbols()
        } catch {
            return ([], [error.description])
        }
        var result: [SymbolRanges.Symbol] = []
        var problems = table.problem.map { [$0.description] } ?? []
        var textLeft = maximumNameBytes
        for symbol in table {
            guard symbol.kind != .object, let section = symbol.section, object.sections[section].isExecutable else {
                continue
            }
            let isFunction = symbol.kind == .function || symbol.kind == .indirectFunction
            do throws(ELFError) {
                let name = try table.name(of: symbol)
                guard !name.isEmpty else { continue }
                textLeft -= name.utf8.count
                guard textLeft >= 0 else {
                    problems.append(
                        "\(object.name): symbol table: the names take more than \(maximumNameBytes) bytes; "
                            + "the symbols behind are left out")
                    break
                }
                result.append(
                    SymbolRanges.Symbol(
                        address: symbol.value, size: symbol.size, isFunction: isFunction,
                        binding: binding(symbol.binding), name: name))
            } catch {
                problems.append(error.description)
            }
        }
        return (result, problems)
    }

    private static func binding(_ binding: ELFSymbol.Binding) -> SymbolRanges.Symbol.Binding {
        switch binding {
        case .local: .local
        case .weak: .weak
        // GNU's unique symbols are global ones of which a process has one.
        case .global, .other: .global
        }
    }

    private static func range(_ start: UInt64, _ size: UInt64) -> Range<UInt64>? {
        let (end, overflow) = start.addingReportingOverflow(size)
        return overflow ? nil : start..<end
    }
}

/// A list that keeps its first entries and counts all: what a hostile file may make long.
struct BoundedList<Element> {
    let limit: Int
    private(set) var items: [Element] = []
    private(set) var count = 0

    init(limit: Int) { self.limit = limit }

    /// Entries that were counted only.
    var omitted: Int { count - items.count }

    mutating func append(_ item: Element) {
        count += 1
        if items.count < limit { items.append(item) }
    }
}
