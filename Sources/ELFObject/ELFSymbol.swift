/// One entry of a symbol table that may name code or data. 32 bytes; its name stays in the file until asked for.
public struct ELFSymbol: Sendable, Equatable {
    /// What is named (`STT_*`; gABI, "Symbol Table").
    public enum Kind: UInt8, Sendable {
        /// `STT_NOTYPE`: mostly labels of assembly code.
        case unspecified = 0
        /// `STT_OBJECT`: data.
        case object = 1
        /// `STT_FUNC`.
        case function = 2
        /// `STT_GNU_IFUNC`: a function that returns the function to use.
        case indirectFunction = 10
    }

    /// How far it is seen (`STB_*`).
    public enum Binding: UInt8, Sendable {
        case local = 0
        case global = 1
        case weak = 2
        /// Any other value, `STB_GNU_UNIQUE` among them.
        case other = 255
    }

    /// The table it was found in.
    public enum Table: UInt8, Sendable {
        /// `.symtab`: all symbols, removed by `strip`.
        case symtab
        /// `.dynsym`: what the dynamic linker needs; often the only table left.
        case dynsym
        /// The `.symtab` of the file packed into `.gnu_debugdata`.
        case miniDebugInformation
    }

    /// The address as linked; in a relocatable file the address in its `ELFObject.layout`. On ARM always even where code
    /// begins: see `isThumb`. On 64-bit PowerPC (ELFv2) the function's global entry, where its code begins; the local
    /// entry that `st_other` tells of lies a few instructions behind it, within the function.
    public let value: UInt64
    /// The size in bytes, 0 when unknown.
    public let size: UInt64
    /// The section it is defined in; `nil` for absolute values (`SHN_ABS`), which belong to none.
    public var section: Int? { sectionIndex == .max ? nil : Int(sectionIndex) }
    /// Where the name begins in the table's strings.
    public let nameOffset: UInt32
    /// What is named.
    public let kind: Kind
    /// How far it is seen.
    public let binding: Binding
    /// The table it was found in.
    public let table: Table
    /// A function in ARM's Thumb instructions, which the symbol table marks by an odd address.
    public let isThumb: Bool
    /// `.max` for none.
    let sectionIndex: UInt32

    /// The same in the section with this index.
    func moved(to section: UInt32) -> ELFSymbol {
        ELFSymbol(
            value: value, size: size, nameOffset: nameOffset, kind: kind, binding: binding, table: table,
            isThumb: isThumb, sectionIndex: section)
    }
}

/// The symbols of an object: those of `.symtab`, those of `.dynsym`, and, where there is no `.symtab`, those of the file
/// in `.gnu_debugdata`; each in the order of its table.
///
/// A symbol in two tables occurs twice. Left out are those that are no place in this object: undefined, section,
/// file, thread-local and common symbols, types that no specification names, on ARM, AArch64 and RISC-V the
/// mapping symbols `$x`, `$d` and their like, and in relocatable files labels in sections that are not loaded. Versions
/// (`name@@VERSION`) are left in the names.
public struct ELFSymbolTable: Sendable, RandomAccessCollection {
    let symbols: [ELFSymbol]
    let strings: [ELFSymbol.Table: SectionContents]
    let file: String
    let nameLimit: Int
    /// How many entries were left out, the null symbols not counted.
    public let omittedCount: Int
    /// Why `.gnu_debugdata` could not be read, if there is one and it could not; the other symbols are not affected.
    public let problem: ELFError?

    /// 0.
    public var startIndex: Int { symbols.startIndex }
    /// The number of symbols.
    public var endIndex: Int { symbols.endIndex }
    /// The symbol at `position`.
    public subscript(position: Int) -> ELFSymbol { symbols[position] }

    /// The name of one of these symbols. Costs one copy of its bytes; bytes that are not UTF-8 become U+FFFD.
    ///
    /// - Throws: `malformed` when it lies outside its string table or has no end, `limitExceeded` when it is longer
    ///   than `ELFLimits.maximumNameLength`. The other symbols are not affected.
    public func name(of symbol: ELFSymbol) throws(ELFError) -> String {
        guard let contents = strings[symbol.table] else {
            throw .malformed(file: file, place: "symbol table", problem: "has no string table")
        }
        return text(contents.bytes, try nameRange(symbol, contents.bytes))
    }

    /// Runs `body` over the bytes of a name, without copying them; errors are those of `name(of:)`.
    public func withName<Result>(
        of symbol: ELFSymbol, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(ELFError) -> Result {
        guard let contents = strings[symbol.table] else {
            throw .malformed(file: file, place: "symbol table", problem: "has no string table")
        }
        let range = try nameRange(symbol, contents.bytes)
        return contents.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private func nameRange(_ symbol: ELFSymbol, _ bytes: RawSpan) throws(ELFError) -> Range<Int> {
        switch cString(in: bytes, at: UInt64(symbol.nameOffset), limit: nameLimit) {
        case .found(let range): return range
        case .outside:
            throw .malformed(
                file: file, place: "name of the symbol at \(symbol.value)",
                problem: "offset \(symbol.nameOffset) is outside the string table, or the name has no end")
        case .tooLong:
            throw .limitExceeded(
                file: file, place: "name of the symbol at \(symbol.value)", value: UInt64(nameLimit) + 1,
                limit: UInt64(nameLimit), setting: "ELFLimits.maximumNameLength")
        }
    }
}
