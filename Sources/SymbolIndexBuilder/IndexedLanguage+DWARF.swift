import SymbolIndex

extension IndexedLanguage {
    /// From `DW_AT_language` (DWARF 5, table 7.17, and the numbers given out since).
    init(dwarf code: UInt16) {
        switch code {
        case 0: self = .unknown
        case 0x01, 0x02, 0x0C, 0x1D, 0x2C, 0x3E: self = .c
        case 0x04, 0x1A, 0x21, 0x2B, 0x3A: self = .cpp
        case 0x07, 0x08, 0x0E, 0x22, 0x23, 0x2D: self = .fortran
        case 0x03, 0x0D, 0x2E, 0x2F: self = .ada
        case 0x10: self = .objectiveC
        case 0x11: self = .objectiveCpp
        case 0x13: self = .d
        case 0x16: self = .go
        case 0x1C: self = .rust
        case 0x1E: self = .swift
        case 0x27: self = .zig
        case 0x31, 0x8001: self = .assembler
        default: self = .other
        }
    }
}
