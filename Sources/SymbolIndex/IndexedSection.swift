/// Where a section of a relocatable object was laid out, so that an address can be told as section and offset.
public struct IndexedSection: Equatable, Sendable {
    /// The section's name.
    public var name: String
    /// Its number in the object's section table.
    public var number: UInt32
    /// Offset in the object file in bytes.
    public var fileOffset: UInt64
    /// The link address that the builder gave its first byte.
    public var address: UInt64
    /// Bytes.
    public var size: UInt64

    /// A section.
    public init(name: String, number: UInt32, fileOffset: UInt64, address: UInt64, size: UInt64) {
        self.name = name
        self.number = number
        self.fileOffset = fileOffset
        self.address = address
        self.size = size
    }
}

extension SymbolIndex {
    /// The sections of a relocatable object with the addresses that the builder gave them, in rising order; empty for
    /// linked objects.
    public func objectSections() -> [IndexedSection] {
        (0..<storage.objectSections.count).map { index in
            let record = storage.objectSections.offset + index * ObjectSectionRecord.size
            let name = storage.text(
                storage.uint32(record + ObjectSectionRecord.name),
                storage.uint32(record + ObjectSectionRecord.nameLength))
            return IndexedSection(
                name: name.map { IndexedString(storage: storage, range: $0).string } ?? "",
                number: storage.uint32(record + ObjectSectionRecord.number),
                fileOffset: storage.uint64(record + ObjectSectionRecord.fileOffset),
                address: storage.uint64(record + ObjectSectionRecord.address),
                size: storage.uint64(record + ObjectSectionRecord.byteCount))
        }
    }
    /// The section of a relocatable object that holds a link address, and how far behind its first byte the address is:
    /// what the object itself knows of the place.
    public func objectSection(holding address: UInt64) -> (section: IndexedSection, offset: UInt64)? {
        for section in objectSections() where address >= section.address && address - section.address < section.size {
            return (section, address - section.address)
        }
        return nil
    }
}
