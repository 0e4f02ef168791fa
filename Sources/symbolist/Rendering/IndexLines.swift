import Bytes
import CrashEvent
import Rendering
import SymbolIndex

/// Functions, ranges and answers of an index, a line or an object each.
extension IndexContentsText {
    /// `0x1130  src/main.swift:12  checkout(_:)`; `-` for a function that is only known inlined.
    func line(_ function: IndexedFunction) -> String {
        if isJSON {
            var writer = JSONWriter()
            writer.beginObject()
            writeNames(function, into: &writer)
            if let entry = function.entryAddress { writer.member("entry_address", address: entry) }
            writer.member("language", "\(function.language)")
            writer.member("declaration_file", ifPresent: function.declarationFile?.string)
            writer.member("declaration_line", function.declarationLine)
            writer.member("is_from_symbol_table", function.isFromSymbolTable)
            writer.member("is_artificial", function.isArtificial)
            writer.endObject()
            return String(decoding: writer.bytes, as: UTF8.self) + "\n"
        }
        let entry = function.entryAddress.map(hex) ?? "-"
        let place = function.declarationFile.map { "\($0.string):\(function.declarationLine)" } ?? "-"
        let name = style.function(Terminal.visible(function.name.string))
        return "\(entry)\t\(Terminal.visible(place))\t\(name)\(function.isFromSymbolTable ? "\t[symbol table]" : "")\n"
    }

    /// `0x1130..<0x113c`, then its frames, innermost first.
    func line(_ range: Range<UInt64>, _ location: IndexedLocation) -> String {
        guard !isJSON else {
            return object(location) { writer in
                writer.member("start", address: range.lowerBound)
                writer.member("end", address: range.upperBound)
            }
        }
        return "\(hex(range.lowerBound))..<\(hex(range.upperBound))\n" + frames(location)
    }

    /// An address and what stands there.
    func answer(_ address: UInt64, _ location: IndexedLocation?) -> String {
        guard !isJSON else { return object(location) { $0.member("address", address: address) } }
        guard let location else { return "\(hex(address))\n  \(style.faint("nothing is known of this address"))\n" }
        return "\(hex(address)) (range from \(hex(location.rangeStart)))\n" + frames(location)
    }

    private func frames(_ location: IndexedLocation) -> String {
        location.frames.map { frame in
            let name = frame.function.map { Terminal.visible($0.name.string) } ?? "??"
            let place = frame.file.map { "\(Terminal.visible($0.string)):\(frame.line):\(frame.column)" } ?? "??"
            let source = frame.function?.isFromSymbolTable == true ? " [symbol table]" : ""
            return "  \(style.function(name))\(frame.isInlined ? " [inlined]" : "")\(source) at \(style.place(place))\n"
        }.joined()
    }

    private func object(_ location: IndexedLocation?, _ head: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        head(&writer)
        writer.key("frames")
        writer.beginArray()
        if let location {
            for frame in location.frames {
                writer.beginObject()
                if let function = frame.function {
                    writeNames(function, into: &writer)
                    writer.member("is_from_symbol_table", function.isFromSymbolTable)
                }
                writer.member("file", ifPresent: frame.file?.string)
                writer.member("line", frame.line)
                writer.member("column", frame.column)
                writer.member("is_inlined", frame.isInlined)
                writer.endObject()
            }
        }
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    private func writeNames(_ function: IndexedFunction, into writer: inout JSONWriter) {
        writer.member("name", function.name.string)
        let full = function.fullName.string
        if full != function.name.string { writer.member("full_name", full) }
        writer.member("linkage_name", ifPresent: function.linkageName?.string)
    }
}
