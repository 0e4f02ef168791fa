public import CrashEvent
public import SymbolIndex

/// Where an absolute address of an image is in the file that the image was linked as.
public struct ImageLink: Sendable {
    private let start: UInt64?
    private let links: LinkAddresses

    /// For an image and the index of its file.
    public init(_ image: EventImage, _ index: SymbolIndex) {
        start = image.imageAddress
        links = LinkAddresses(image, index)
    }

    /// The link address; `nil` outside the image.
    public func address(of absolute: UInt64) -> UInt64? {
        guard let start, absolute >= start else { return nil }
        return links.address(atOffset: absolute - start)
    }
}

/// From a place in an image to the address that its file was linked at, and back.
///
///     image_addr ─┬─ start of the file's lowest mapping   link address = offset + the file's base address
///                 └─ start of another mapping             link address through the load segment that holds the place in
///                    (`symbolist.mapping_offset`)         the file: a kernel's log names the mapping of the code only
///
/// The two differ wherever the linker lets an offset in the file and an address drift apart, as lld does.
struct LinkAddresses: Sendable {
    private let baseAddress: UInt64
    /// The offset in the file of the mapping at the image's start, with the file's segments.
    private let mapping: (offset: UInt64, segments: [IndexedLoadSegment])?

    init(_ image: EventImage, _ index: SymbolIndex) {
        // Without a place in memory the image's start is what the client says: 0 for an executable at fixed addresses.
        let isPlaced = (image.imageAddress ?? 0) != 0
        baseAddress = (isPlaced ? nil : image.imageVmaddr) ?? index.header.baseAddress
        if let offset = image.mappingOffset {
            mapping = (offset, index.loadSegments())
        } else if image.isExecutableMapping,
            let segment = index.loadSegments().first(where: { $0.flags & 1 != 0 })
        {
            // Mappings start at pages; 4 KiB is the smallest, and no linker puts two segments of code into one.
            mapping = (segment.fileOffset & ~0xfff, index.loadSegments())
        } else {
            mapping = nil
        }
    }

    /// The link address of the place `offset` bytes behind the image's start; `nil` outside what the file maps.
    func address(atOffset offset: UInt64) -> UInt64? {
        guard let mapping else {
            let (address, overflows) = offset.addingReportingOverflow(baseAddress)
            return overflows ? nil : address
        }
        let (place, overflows) = offset.addingReportingOverflow(mapping.offset)
        guard !overflows else { return nil }
        for segment in mapping.segments where place >= segment.fileOffset {
            let distance = place - segment.fileOffset
            if distance < segment.fileSize { return segment.address &+ distance }
        }
        return nil
    }

    /// Bytes from the image's start to a link address; `nil` when that lies before it.
    func offset(ofAddress address: UInt64) -> UInt64? {
        guard let mapping else { return address >= baseAddress ? address - baseAddress : nil }
        for segment in mapping.segments where address >= segment.address {
            let distance = address - segment.address
            guard distance < segment.fileSize else { continue }
            let place = segment.fileOffset &+ distance
            return place >= mapping.offset ? place - mapping.offset : nil
        }
        return nil
    }
}
