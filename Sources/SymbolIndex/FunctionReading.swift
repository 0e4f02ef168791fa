/// What the record of a function says. `index` must be below the number of functions, as ``IndexedFunction`` sees to.
extension IndexStorage {
    /// The names' places in the file.
    typealias NameRanges = (name: Range<Int>?, fullName: Range<Int>?, linkageName: Range<Int>?)

    @inline(__always)
    private func record(of index: UInt32) -> Int { functions.offset &+ Int(index) &* FunctionRecord.size }

    func names(of index: UInt32) -> NameRanges {
        let record = record(of: index)
        if let version1 { return version1.names(record, bytes) }
        return (
            text(record, FunctionRecord.name, FunctionRecord.nameLength),
            text(record, FunctionRecord.fullName, FunctionRecord.fullNameLength),
            text(record, FunctionRecord.linkageName, FunctionRecord.linkageNameLength)
        )
    }

    func marks(of index: UInt32) -> (language: UInt8, flags: IndexedFunctionFlags) {
        let record = record(of: index)
        if let version1 { return version1.marks(record, bytes) }
        return (
            bytes.uint8(at: record + FunctionRecord.language),
            IndexedFunctionFlags(rawValue: bytes.uint8(at: record + FunctionRecord.flags))
        )
    }

    func declaration(of index: UInt32) -> FunctionDeclaration {
        let record = record(of: index)
        return version1?.declaration(record, bytes) ?? declaration(record)
    }

    func entryAddress(of index: UInt32) -> UInt64? {
        let record = record(of: index)
        if let version1 { return version1.entryAddress(record, bytes) }
        let entry = uint32(record + FunctionRecord.entry)
        switch entry {
        case FunctionRecord.noEntry: return nil
        case FunctionRecord.farEntry: return farEntry(of: index)
        default: return header.baseAddress &+ UInt64(entry)
        }
    }

    private func farEntry(of index: UInt32) -> UInt64? {
        var low = 0
        var high = farEntries.count
        while low < high {
            let middle = (low + high) / 2
            let record = farEntries.offset + middle * FarEntryRecord.size
            let function = uint32(record + FarEntryRecord.function)
            if function == index { return uint64(record + FarEntryRecord.address) }
            if function < index { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}
