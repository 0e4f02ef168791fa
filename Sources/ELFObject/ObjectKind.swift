/// What part of a program a file is, as servers of Sentry's protocol classify it.
///
/// The rules are that protocol's, odd as they are, so that all tools show the same word: a statically linked executable
/// counts as `debug` (it has no interpreter), a position-independent one as `library`.
public enum ObjectKind: String, Sendable, Codable {
    /// `ET_EXEC` with an interpreter.
    case executable = "exe"
    /// A separate debug file: `ET_EXEC` without interpreter, or `ET_DYN` whose `.text` is absent or not in the file.
    case debug = "dbg"
    /// `ET_REL`.
    case relocatable = "rel"
    /// `ET_DYN` with code.
    case library = "lib"
    /// `ET_CORE`.
    case dump = "dump"
    /// Anything else.
    case other = "other"
}

/// What a file holds of split debug information (DWARF 5, section 7.3.2): the part that stays beside the program.
public enum SplitContents: Sendable {
    /// Units of one compilation: a `.dwo` file, or an object file that has them in sections of its own
    /// (`-gsplit-dwarf=single`).
    case units
    /// The units of a whole program with an index of them: a `.dwp` file.
    case package
}

/// What a file can answer. Sections whose bytes are not in the file (`SHT_NOBITS`) do not count.
public struct ObjectFeatures: Sendable, Equatable, Codable {
    /// It has `.debug_info`.
    public var hasDebugInformation: Bool
    /// It has at least one symbol beside the null symbol, in `.symtab` or `.dynsym`.
    public var hasSymbols: Bool
    /// It has `.eh_frame` or `.debug_frame`.
    public var hasUnwindInformation: Bool

    /// Features as given.
    public init(hasDebugInformation: Bool, hasSymbols: Bool, hasUnwindInformation: Bool) {
        self.hasDebugInformation = hasDebugInformation
        self.hasSymbols = hasSymbols
        self.hasUnwindInformation = hasUnwindInformation
    }
}

extension ELFObject {
    /// The protocol's word for the file; see `ObjectKind`. Mind that `.dwo` and `.dwp` files and the supplementary files
    /// of dwz are `ET_REL` as object files are: `splitContents` and `supplementaryLink` tell them apart.
    public var kind: ObjectKind {
        switch header.type {
        case .relocatable: .relocatable
        case .core: .dump
        case .executable: hasInterpreter ? .executable : .debug
        case .sharedObject: section(named: ".text")?.hasContents == true ? .library : .debug
        case .none, .other: .other
        }
    }

    /// Whether the file holds split units, and in which form.
    public var splitContents: SplitContents? {
        func has(_ name: String) -> Bool { sections.contains { $0.name == name && $0.hasContents && $0.size > 0 } }
        guard has(".debug_info.dwo") || has(".zdebug_info.dwo") || has(".debug_types.dwo") else { return nil }
        return has(".debug_cu_index") || has(".debug_tu_index") ? .package : .units
    }

    /// What the file can answer.
    public var features: ObjectFeatures {
        func has(_ name: String) -> Bool {
            sections.contains { $0.name == name && $0.hasContents && $0.size > 0 }
        }
        let symbolSize: UInt64 = header.is64Bit ? 24 : 16
        return ObjectFeatures(
            hasDebugInformation: has(".debug_info") || has(".zdebug_info"),
            hasSymbols: sections.contains {
                ($0.type == ELFSection.symbolTable || $0.type == ELFSection.dynamicSymbols) && $0.size > symbolSize
            },
            hasUnwindInformation: has(".eh_frame") || has(".debug_frame") || has(".zdebug_frame"))
    }

    /// Debug files made by some tools keep the program header; the section then tells that its bytes are gone.
    private var hasInterpreter: Bool {
        programHeaders.contains { $0.type == ELFProgramHeader.interpreter && $0.fileSize > 0 }
            && section(named: ".interp")?.hasContents != false
    }
}
