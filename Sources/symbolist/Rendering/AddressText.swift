import Bytes
import CrashEvent
import SymbolIndex

/// One frame of one address, ready to print.
struct AddressFrame: Equatable {
    var linkageName: String?
    var fullName: String?
    var path: String?
    var line: UInt32
    var column: UInt32
    var startAddress: UInt64?
    var startPath: String?
    var startLine: UInt32

    /// The chain at a link address of an index, innermost first; empty in a hole.
    static func chain(at address: UInt64, in index: SymbolIndex) throws(SymbolIndexError) -> [AddressFrame] {
        guard let location = try index.lookup(address) else { return [] }
        return location.frames.map { frame in
            let function = frame.function
            return AddressFrame(
                linkageName: function?.linkageName?.string, fullName: function?.fullName.string,
                path: frame.file?.string, line: frame.line, column: frame.column,
                startAddress: function?.entryAddress, startPath: function?.declarationFile?.string,
                startLine: function?.declarationLine ?? 0)
        }
    }
}

/// How `addr2line` prints: as GNU binutils does, as LLVM's tools do, or as LLVM's JSON.
struct AddressText {
    enum OutputStyle: String, CaseIterable, Sendable {
        case gnu = "GNU"
        case llvm = "LLVM"
        case json = "JSON"
    }

    var style: OutputStyle = .gnu
    var showsAddress = false
    var showsFunctions = false
    var showsInlines = false
    var demangles = false
    var isPretty = false
    var baseNamesOnly = false
    var module = ""

    /// The text of one address, ending in a newline.
    func render(_ address: UInt64, _ chain: [AddressFrame]) -> String {
        switch style {
        case .gnu, .llvm: lines(address, chain)
        case .json: json(address, chain)
        }
    }

    private func lines(_ address: UInt64, _ chain: [AddressFrame]) -> String {
        var text = ""
        if showsAddress {
            text += style == .gnu ? Self.padded(address) : Hexadecimal.address(address)
            text += isPretty ? ": " : "\n"
        }
        let frames = chain.isEmpty ? [nil] : (showsInlines ? chain : Array(chain.prefix(1))).map(Optional.some)
        for (number, frame) in frames.enumerated() {
            if number > 0, isPretty { text += " (inlined by) " }
            if showsFunctions {
                // GNU writes no "at" before a place that it does not know.
                let at = frame == nil && style == .gnu ? " " : " at "
                text += name(frame) + (isPretty ? at : "\n")
            }
            text += place(frame) + "\n"
        }
        return style == .llvm ? text + "\n" : text
    }

    private func name(_ frame: AddressFrame?) -> String {
        frame.flatMap(name(of:)) ?? "??"
    }

    private func name(of frame: AddressFrame) -> String? {
        demangles ? frame.fullName : frame.linkageName ?? frame.fullName
    }

    /// GNU prints `??:0` where nothing is known, `??:?` beside a symbol without a line, and `FILE:?` for line 0.
    private func place(_ frame: AddressFrame?) -> String {
        guard let frame else { return style == .gnu ? "??:0" : "??:0:0" }
        let path = frame.path.map(shortened) ?? "??"
        if style == .llvm { return "\(path):\(frame.line):\(frame.column)" }
        return frame.line == 0 ? "\(path):?" : "\(path):\(frame.line)"
    }

    private func shortened(_ path: String) -> String {
        baseNamesOnly ? String(path.split(separator: "/").last ?? "") : path
    }

    private static func padded(_ address: UInt64) -> String {
        let digits = String(address, radix: 16)
        return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    private func json(_ address: UInt64, _ chain: [AddressFrame]) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("Address", address: address)
        writer.member("ModuleName", module)
        writer.key("Symbol")
        writer.beginArray()
        for frame in showsInlines ? chain : Array(chain.prefix(1)) {
            writer.beginObject()
            writer.member("Column", frame.column)
            writer.member("FileName", frame.path.map(shortened) ?? "")
            writer.member("FunctionName", showsFunctions ? (name(of: frame) ?? "") : "")
            writer.member("Line", frame.line)
            if let linkageName = frame.linkageName { writer.member("LinkageName", linkageName) }
            writer.member("StartAddress", frame.startAddress.map { Hexadecimal.address($0) } ?? "")
            writer.member("StartFileName", frame.startPath.map(shortened) ?? "")
            writer.member("StartLine", frame.startLine)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}
