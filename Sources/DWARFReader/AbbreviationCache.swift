import Synchronization

/// The compiled abbreviation tables of all files, shared by all threads: linkers leave identical or common tables, and
/// under link-time optimisation units refer to each other.
final class AbbreviationCache: Sendable {
    private let limits: DWARFLimits
    private let state: Mutex<State>
    private let crossUnitReferences = Atomic<Bool>(false)

    private struct State {
        var tables: [Key: AbbreviationTable] = [:]
        var kept = 0
        var budget: Int
    }

    /// A table is compiled for one place and the sizes that forms depend on.
    private struct Key: Hashable {
        var space: Int
        var offset: UInt64
        var sizes: FormSizes
    }

    /// So many attribute specifications (16 bytes each) are kept; then all tables are dropped.
    private static let maximumKept = 8_000_000

    init(_ limits: DWARFLimits) {
        self.limits = limits
        state = Mutex(State(budget: limits.abbreviationAttributes))
    }

    /// The table at `offset` of the abbreviations of `space`.
    func table(_ space: DebugSpace, at offset: UInt64, sizes: FormSizes) throws(DWARFError) -> AbbreviationTable {
        let key = Key(space: space.number, offset: offset, sizes: sizes)
        let (known, budget) = state.withLock { ($0.tables[key], $0.budget) }
        if let known { return known }
        let table: AbbreviationTable
        do throws(ReadFailure) {
            table = try AbbreviationTable(
                space.abbreviations, at: offset, sizes: sizes, bigEndian: space.bigEndian, budget: budget)
        } catch {
            var reason = error.reason
            if case .limit(let name, _) = error {
                reason = .limit(name: name, maximum: limits.abbreviationAttributes)
            }
            throw space.error(".debug_abbrev", Int(clamping: offset), reason)
        }
        return state.withLock { state in
            // Another thread may have been faster; one of the two is thrown away, and charged for once.
            if let known = state.tables[key] { return known }
            state.budget -= min(state.budget, table.attributeCount)
            if state.kept > Self.maximumKept {
                state.tables.removeAll()
                state.kept = 0
            }
            state.kept += table.attributeCount + 1
            state.tables[key] = table
            return table
        }
    }

    // MARK: References between units

    /// Functions of the object may refer to other units of it: its `.debug_info` has to be there as a whole.
    var hasCrossUnitReferences: Bool { crossUnitReferences.load(ordering: .acquiring) }

    /// Looks through all tables of a file, which stand one behind the other. When they cannot be followed to the end of the
    /// section, references are assumed.
    func lookForCrossUnitReferences(_ space: DebugSpace) {
        crossUnitReferences.store(Self.mayCross(space), ordering: .releasing)
    }

    private static func mayCross(_ space: DebugSpace) -> Bool {
        do throws(ReadFailure) {
            var reader = ByteReader(space.abbreviations, bigEndian: space.bigEndian)
            while !reader.isAtEnd {
                if try reader.uleb() == 0 { continue }
                _ = try reader.uleb()
                _ = try reader.u8()
                while true {
                    let name = try reader.uleb()
                    let form = try reader.uleb()
                    if name == 0 && form == 0 { break }
                    if form == UInt64(Form.implicitConst) { _ = try reader.uleb() }
                    if name == UInt64(Attribute.abstractOrigin) || name == UInt64(Attribute.specification),
                        form == UInt64(Form.refAddr) || form == UInt64(Form.indirect)
                    {
                        return true
                    }
                }
            }
            return false
        } catch {
            return true
        }
    }
}
