import CrashEvent

/// One entry of an enriched stack trace, read from the event for people.
public struct TraceFrame: Sendable {
    /// What an entry stands for.
    public enum Role: Equatable, Sendable {
        /// A frame.
        case frame
        /// Frames that the reporter left out here.
        case omitted(UInt64?)
        /// The reporter stopped here.
        case truncated(UInt64?)
        /// Frames of the event that are beyond ``StoryLimits``.
        case notRead(Int)
    }

    /// What it stands for.
    public let role: Role
    /// The position in its trace, counted from the innermost entry, 0-based.
    public let number: Int
    /// As the event has it; unresolved frames have none, or what their reporter knew.
    public let function: String?
    /// The path, else the base name, as the debug information spells it.
    public let path: String?
    /// 1-based.
    public let line: UInt64?
    /// 1-based, in bytes.
    public let column: UInt64?
    /// `instruction_addr` as it came: a string's text, any other value's JSON. `nil` when missing or `null`.
    public let address: String?
    /// From the start of the image to the address, where both are known.
    public let offset: UInt64?
    /// From the entry of the function to the address, for a frame whose reporter said that instead of an address.
    public let symbolOffset: UInt64?
    /// Why `status` is `malformed` or `unknown_image`, where the frame itself is at fault.
    public let reason: String?
    /// The path of the image.
    public let package: String?
    /// `data.symbolicator_status`, or `malformed` for an entry that is no object.
    public let status: String?
    /// Whether it is the program's own code.
    public let isInApp: Bool
    /// Whether it was inlined into the next outer entry.
    public let isInlined: Bool
    /// Whether no source line made the code.
    public let isCompilerGenerated: Bool
    /// Whether only a symbol table knows the function.
    public let isFromSymbolTable: Bool
    /// Whether the address is the entry of an async continuation: the function will be resumed there.
    public let isAsync: Bool
    /// Why Swift code trapped here.
    public let runtimeFailure: String?
    /// How sure it is that the source is the text that was compiled: `exact`, `unchecked`, `differs`, `newer`.
    public let sourceMark: String?
    /// Up to five lines before `source`.
    public let before: [String]
    /// The frame's line.
    public let source: String?
    /// Where the column is in `source`, in bytes, 1-based; `nil` when it is not known to be in there.
    public let sourceColumn: UInt64?
    /// Up to five lines behind `source`.
    public let after: [String]

    init(_ node: JSONNode, number: Int, in document: JSONDocument) {
        self.number = number
        let isObject = document.kind(of: node) == .object
        let data = document.object("data", of: node)
        let own = data.flatMap { document.object("symbolist", of: $0) }
        let kind = own.flatMap { document.string("kind", of: $0) }
        let count = own.flatMap { document.unsignedInteger("count", of: $0) }
        switch kind {
        case "omitted": role = .omitted(count)
        case "truncated": role = .truncated(count)
        default: role = .frame
        }
        isAsync = kind == "async"
        function = document.string("function", of: node).flatMap { $0.isEmpty ? nil : $0 }
        path = document.string("abs_path", of: node) ?? document.string("filename", of: node)
        line = document.unsignedInteger("lineno", of: node)
        let column = document.unsignedInteger("colno", of: node)
        self.column = column
        address = Self.address(of: node, in: document)
        offset = Self.offset(of: node, in: document)
        symbolOffset = own.flatMap { document.unsignedInteger("symbol_offset", of: $0) }
        package = document.string("package", of: node).flatMap { $0.isEmpty ? nil : $0 }
        isInApp = document.bool("in_app", of: node) ?? false
        before = Self.lines("pre_context", of: node, in: document, last: true)
        let source = document.string("context_line", of: node)
        self.source = source
        after = Self.lines("post_context", of: node, in: document, last: false)
        status = isObject ? data.flatMap { document.string("symbolicator_status", of: $0) } : "malformed"
        isInlined = own.flatMap { document.bool("inlined", of: $0) } ?? false
        isCompilerGenerated = own.flatMap { document.bool("compiler_generated", of: $0) } ?? false
        isFromSymbolTable = own.flatMap { document.string("name_from", of: $0) } == "symbol_table"
        runtimeFailure = own.flatMap { document.string("runtime_failure", of: $0) }
        reason = isObject ? own.flatMap { document.string("reason", of: $0) } : "the frame is no object"
        let cutColumn = own.flatMap { document.unsignedInteger("context_column", of: $0) }
        // Without Symbolist's word a line that lacks its beginning has no place for a column of the file.
        sourceColumn = cutColumn ?? (source?.hasPrefix("{snip} ") == true ? nil : column)
        sourceMark = own.flatMap { document.string("source", of: $0) }
    }

    /// The mark for frames that were not read.
    init(notRead count: Int, number: Int) {
        role = .notRead(count)
        self.number = number
        (function, path, line, column, address, offset, symbolOffset) = (nil, nil, nil, nil, nil, nil, nil)
        (reason, package, status, runtimeFailure, sourceMark) = (nil, nil, nil, nil, nil)
        (isInApp, isInlined, isCompilerGenerated, isFromSymbolTable, isAsync) = (false, false, false, false, false)
        (before, source, sourceColumn, after) = ([], nil, nil, [])
    }

    private static func address(of node: JSONNode, in document: JSONDocument) -> String? {
        guard let member = document.member("instruction_addr", of: node), document.kind(of: member) != .null else {
            return nil
        }
        if let text = document.text(member), !text.isEmpty { return text }
        return String(decoding: document.rawBytes(of: member).prefix(80), as: UTF8.self)
    }

    private static func offset(of node: JSONNode, in document: JSONDocument) -> UInt64? {
        guard let address = document.unsignedInteger("instruction_addr", of: node) else { return nil }
        if let mode = document.string("addr_mode", of: node), mode.hasPrefix("rel:") { return address }
        guard let start = document.unsignedInteger("image_addr", of: node), start <= address else { return nil }
        return address - start
    }

    private static func lines(_ key: String, of node: JSONNode, in document: JSONDocument, last: Bool) -> [String] {
        guard let array = document.array(key, of: node) else { return [] }
        // More than five lines are not Symbolist's; those nearest to the frame's line are shown.
        let nodes = Array(document.elements(of: array))
        return (last ? nodes.suffix(5) : nodes.prefix(5)).map { document.string($0) ?? "" }
    }
}

extension TraceFrame {
    /// Whether it stands for frames that are not there.
    var isMarker: Bool { role != .frame }

    /// `/till/Sources/Basket.swift:23:15`; `nil` for what the compiler made.
    public var place: String? {
        guard let path, path != "<compiler-generated>" else { return nil }
        return path + position
    }

    /// `Basket.swift:23:15`.
    var shortPlace: String? {
        guard let path, path != "<compiler-generated>" else { return nil }
        return EventImageStory.baseName(path) + position
    }

    private var position: String {
        guard let line else { return "" }
        return ":\(line)" + (column.map { ":\($0)" } ?? "")
    }

    /// Two frames that look the same have the same; collisions do not matter beyond a wrong fold.
    var signature: Int {
        var hasher = Hasher()
        switch role {
        case .frame: hasher.combine(0)
        case .omitted(let count): hasher.combine(count)
        case .truncated(let count): hasher.combine(count.map { $0 &+ 1 })
        case .notRead(let count): hasher.combine(count)
        }
        hasher.combine(function)
        hasher.combine(path)
        hasher.combine(line)
        hasher.combine(column)
        // The same call in two threads has two addresses only where nothing else is known of it.
        if function == nil || status != "symbolicated" { hasher.combine(address) }
        hasher.combine(status)
        hasher.combine(isAsync)
        hasher.combine(isInlined)
        return hasher.finalize()
    }
}
