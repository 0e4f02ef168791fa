/// Where a section of a relocatable file has been put; see `ELFObject.layout`.
public struct SectionPlacement: Sendable, Equatable {
    /// The section's index in `ELFObject.sections`.
    public let section: Int
    /// The section's name.
    public let name: String
    /// The address it was given.
    public let address: UInt64
    /// Its size in memory, in bytes.
    public let size: UInt64
    /// Where its bytes are in the file.
    public let fileOffset: UInt64
    /// It holds machine code.
    public let isExecutable: Bool
}

// Relocatable files (`.o`, `.ko`) have no addresses: every section begins at 0, and whoever loads it decides. All that
// reads them wants one address space, so the sections that take part in a program's memory are laid out here one after
// another, in the order of the file:
//
//     0x10000            0x10240         0x102c0
//     │ .text           │ .init.text    │ .data     …
//
// An address then stands for "section and offset", which `placement(at:)` gives back. The beginning leaves the lowest
// addresses free, because 0 in debug information means "no code".

/// The first address of the layout.
private let layoutStart: UInt64 = 0x1_0000

/// The least distance that addresses are rounded to, so that sections do not touch where compilers align less.
private let layoutAlignment: UInt64 = 16

/// Gives every allocated section of a relocatable file its address, and all others 0; in linked files changes nothing.
func layOut(
    _ sections: inout [ELFSection], _ header: ELFHeader, file: String
) throws(ELFError) -> [SectionPlacement] {
    guard header.type == .relocatable else { return [] }
    var placements: [SectionPlacement] = []
    // Half the address space is left to what may be added to an address.
    let end: UInt64 = header.is64Bit ? 1 << 63 : 1 << 32
    var next = layoutStart
    for index in sections.indices {
        let section = sections[index]
        guard section.isAllocated, section.type != 0 else {
            sections[index].address = 0
            continue
        }
        // Alignments that are no power of two mean nothing; addresses below `end` cannot overflow when rounded up.
        let isPower = section.alignment & (section.alignment &- 1) == 0
        let alignment = max(layoutAlignment, isPower && section.alignment < end ? section.alignment : 1)
        let address = (next + alignment - 1) & ~(alignment - 1)
        guard address < end, section.size < end - address else {
            throw .malformed(
                file: file, place: "section \(index) (\(section.name))",
                problem: "\(section.size) bytes do not fit into the address space beside the sections before it")
        }
        sections[index].address = address
        placements.append(
            SectionPlacement(
                section: index, name: section.name, address: address, size: section.size,
                fileOffset: section.fileOffset, isExecutable: section.isExecutable))
        next = address + section.size
    }
    return placements
}

extension ELFObject {
    /// The section that `address` lies in, for addresses of `layout`; `nil` between sections and in linked files.
    /// The end of a section belongs to it when nothing else begins there: code that never returns ends with a call.
    public func placement(at address: UInt64) -> SectionPlacement? {
        var (low, high) = (0, layout.count)
        while low < high {
            let middle = (low + high) / 2
            if layout[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        // Empty sections may share their address with the next one, which stands later.
        guard low > 0 else { return nil }
        let found = layout[low - 1]
        return address - found.address <= found.size ? found : nil
    }
}
