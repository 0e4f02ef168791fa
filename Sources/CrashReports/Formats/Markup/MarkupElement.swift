/// One element of LLVM's symbolizer markup: `{{{TAG:FIELD:FIELD…}}}` anywhere in a line.
struct MarkupElement: Equatable {
    /// What the elements mean that are read; others are passed over.
    enum Kind: Equatable {
        /// A new process: what was said about modules and mappings before is void.
        case reset
        case module(id: UInt64, name: String, buildID: String?)
        /// A mapping of a module; `linkAddress` is what its start is linked at.
        case mapping(start: UInt64, size: UInt64, module: UInt64, linkAddress: UInt64)
        /// A frame of a stack.
        case frame(number: UInt64, address: UInt64, isReturn: Bool?)
        /// An address of code in a sentence.
        case code(address: UInt64, isReturn: Bool?)
        /// An address of data in a sentence.
        case data(address: UInt64)
        /// A mangled name in a sentence.
        case symbol(String)
        /// A file that was written beside the log.
        case dumpFile(type: String, name: String)
    }

    var kind: Kind
    /// The element in the line, braces included.
    var range: Range<Int>

    /// The longest element that is read.
    private static let maximumLength = 4096

    /// Whether there may be an element that means something.
    static func mayOccur(in line: ArraySlice<UInt8>) -> Bool {
        line.contains("{{{")
            && (line.contains("{{{bt:") || line.contains("{{{mmap:") || line.contains("{{{module:")
                || line.contains("{{{pc:") || line.contains("{{{reset}}}"))
    }

    /// The elements of a line in order; malformed ones are counted.
    static func elements(of line: ArraySlice<UInt8>) -> (elements: [MarkupElement], malformed: Int) {
        var scanner = LineScanner(line)
        var elements: [MarkupElement] = []
        var malformed = 0
        while scanner.until("{{{") != nil {
            let start = scanner.rest.startIndex - 3
            var attempt = scanner
            guard let text = attempt.until("}}}") else { break }
            // An opening without an end, before another element.
            guard text.count <= maximumLength, !text.contains("{{{") else { continue }
            scanner = attempt
            switch read(text) {
            case .some(.some(let kind)):
                elements.append(MarkupElement(kind: kind, range: start..<scanner.rest.startIndex))
            case .some(.none): malformed += 1
            case .none: break
            }
        }
        return (elements, malformed)
    }

    /// `nil` for a tag that is not read, `.some(nil)` for one with other fields than it should have.
    private static func read(_ text: ArraySlice<UInt8>) -> Kind?? {
        let fields = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        func number(_ index: Int) -> UInt64? {
            guard fields.indices.contains(index) else { return nil }
            var scanner = LineScanner(fields[index])
            guard let value = scanner.address() ?? scanner.decimal(), scanner.isAtEnd else { return nil }
            return value
        }
        func isReturn(_ index: Int) -> Bool? {
            guard fields.indices.contains(index) else { return nil }
            return fields[index].starts(with: "ra") ? true : fields[index].starts(with: "pc") ? false : nil
        }
        guard let tag = fields.first?.text else { return nil }
        switch tag {
        case "reset": return .some(.reset)
        case "module":
            guard fields.count >= 4, let id = number(1), fields[3].elementsEqual("elf".utf8) else { return .some(nil) }
            let build = fields.count > 4 ? fields[4].text.lowercased() : ""
            return .some(.module(id: id, name: fields[2].text, buildID: build.isEmpty ? nil : build))
        case "mmap":
            // start, size, "load", module, flags, link address.
            guard let start = number(1), let size = number(2), fields.count >= 7,
                fields[3].elementsEqual("load".utf8), let module = number(4), let link = number(6), size > 0,
                !start.addingReportingOverflow(size).overflow
            else { return .some(nil) }
            return .some(.mapping(start: start, size: size, module: module, linkAddress: link))
        case "bt":
            guard let frame = number(1), let address = number(2) else { return .some(nil) }
            return .some(.frame(number: frame, address: address, isReturn: isReturn(3)))
        case "pc":
            guard let address = number(1) else { return .some(nil) }
            return .some(.code(address: address, isReturn: isReturn(2)))
        case "data":
            guard let address = number(1) else { return .some(nil) }
            return .some(.data(address: address))
        case "symbol":
            guard fields.count > 1 else { return .some(nil) }
            return .some(.symbol(text.dropFirst(7).text))
        case "dumpfile":
            guard fields.count >= 3 else { return .some(nil) }
            return .some(.dumpFile(type: fields[1].text, name: fields[2].text))
        default: return nil
        }
    }
}
