import ELFObject

@testable import DWARFReader

/// The debug sections of a real program as bytes, to be damaged and read again.
struct SectionSet {
    enum Kind: Int, CaseIterable {
        case information, abbreviations, line, lineStrings, strings, stringOffsets, addresses, ranges, rangeLists

        var name: String {
            switch self {
            case .information: ".debug_info"
            case .abbreviations: ".debug_abbrev"
            case .line: ".debug_line"
            case .lineStrings: ".debug_line_str"
            case .strings: ".debug_str"
            case .stringOffsets: ".debug_str_offsets"
            case .addresses: ".debug_addr"
            case .ranges: ".debug_ranges"
            case .rangeLists: ".debug_rnglists"
            }
        }
    }

    struct Outcome {
        var unitsRead = 0
        var unitsRefused = 0
        var problems = 0
        var rows = 0
        var scopes = 0
    }

    var bytes: [Kind: [UInt8]] = [:]
    let bigEndian: Bool

    init(_ object: ELFObject) throws {
        bigEndian = object.header.byteOrder == .big
        for kind in Kind.allCases {
            guard let section = try object.debugSection(named: kind.name) else { continue }
            try section.fill()
            bytes[kind] = section.withUnsafeBytes { Array($0) }
        }
    }

    /// A copy with one or two sections damaged.
    func damaged(_ random: inout SplitMix) -> SectionSet {
        var result = self
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let kind = Kind.allCases[Int.random(in: 0..<Kind.allCases.count, using: &random)]
            if let old = result.bytes[kind] { result.bytes[kind] = random.damage(old) }
        }
        return result
    }

    /// Reads all units, with jumps and without, and checks that what comes out hangs together.
    func read(_ limits: DWARFLimits, into outcome: inout Outcome) {
        // Copies of the exact size: a sanitizer sees a read behind the end.
        var memory: [UnsafeMutableBufferPointer<UInt8>] = []
        defer { memory.forEach { $0.deallocate() } }
        func place(_ kind: Kind) -> SectionBytes {
            guard let bytes = bytes[kind], !bytes.isEmpty else { return .none }
            let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
            _ = copy.initialize(from: bytes)
            memory.append(copy)
            return SectionBytes(UnsafeBufferPointer(copy))
        }
        let space = DebugSpace(
            file: "damaged", bigEndian: bigEndian, information: place(.information),
            abbreviations: place(.abbreviations), line: place(.line), lineStrings: place(.lineStrings),
            strings: place(.strings), stringOffsets: place(.stringOffsets), addresses: place(.addresses),
            ranges: place(.ranges), rangeLists: place(.rangeLists))
        let inputs = DebugInputs(spaces: [space], limits: limits)
        let reader = UnitReader(inputs)
        var code = UnitCode()
        do throws(DWARFError) {
            while let unit = try inputs.nextUnit() {
                let isRead = try reader.read(unit, into: &code, skippingTypes: unit.index % 2 == 0)
                inputs.finish(unit)
                guard isRead else { continue }
                HostileTests.check(code, limits)
                for function in code.functions { _ = code.string(function.qualifiedName, inputs) }
                for file in code.files.indices.prefix(20) { _ = code.path(of: Int32(file), inputs) }
                outcome.unitsRead += 1
                outcome.problems += code.problems.count
                outcome.rows += code.rows.count
                outcome.scopes += code.scopes.count
            }
        } catch {
            outcome.problems += 1
        }
        outcome.unitsRefused += inputs.counts.skipped
    }
}
