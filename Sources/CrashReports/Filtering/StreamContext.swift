/// What the lines of one process said that later ones need: modules of markup, build ids of systemd-coredump's message.
struct StreamContext {
    private static let maximumBuildIDs = 4096
    private var markup = MarkupModules()
    private var images: [ReportedImage]?
    private(set) var buildIDs: [String: String] = [:]

    /// The references in a line, and what the line adds for the next ones.
    mutating func read(_ line: ArraySlice<UInt8>) -> [StackReference] {
        if MarkupElement.mayOccur(in: line) { return readMarkup(line) }
        if line.contains("odule ") { readModule(line) }
        return StackReference.alone(line, buildIDs: buildIDs).map { [$0] } ?? []
    }

    /// `Module till with build-id HEX`, `Found module till with build-id: HEX`.
    private mutating func readModule(_ line: ArraySlice<UInt8>) {
        var scanner = LineScanner(line.trimmed)
        guard scanner.skip("Module ") || scanner.skip("Found module "), let name = scanner.until(" with build-id"),
            buildIDs.count < Self.maximumBuildIDs
        else { return }
        _ = scanner.skip(":")
        scanner.skipSpaces()
        if let id = scanner.word() { buildIDs[CoredumpMessage.baseName(name.text)] = id.text }
    }

    private mutating func readMarkup(_ line: ArraySlice<UInt8>) -> [StackReference] {
        var references: [StackReference] = []
        for element in MarkupElement.elements(of: line).elements {
            switch element.kind {
            case .reset:
                markup = MarkupModules()
                images = nil
            case .module(let id, let name, let buildID):
                markup.add(module: id, name: name, buildID: buildID)
                images = nil
            case .mapping(let start, let size, let module, let link):
                markup.add(start: start, size: size, module: module, linkAddress: link)
                images = nil
            case .frame(let number, let address, let isReturn):
                let lead = "#\(number) 0x\(String(address, radix: 16)) "
                references += reference(address, isReturn: isReturn ?? true, element, lead: lead)
            case .code(let address, let isReturn):
                references += reference(address, isReturn: isReturn ?? false, element, lead: "")
            case .data, .symbol, .dumpFile: break
            }
        }
        return references
    }

    private mutating func reference(
        _ address: UInt64, isReturn: Bool, _ element: MarkupElement, lead: String
    ) -> [StackReference] {
        let known = images ?? markup.images.filter { $0.address != nil }.sorted { $0.address ?? 0 < $1.address ?? 0 }
        images = known
        let looked = isReturn && address > 0 ? address - 1 : address
        var (low, high) = (0, known.count)
        while low < high {
            let middle = (low + high) / 2
            if known[middle].address ?? 0 <= looked { low = middle + 1 } else { high = middle }
        }
        guard low > 0, let start = known[low - 1].address, looked - start < known[low - 1].size ?? 0 else { return [] }
        var reference = StackReference(
            isReturn ? .returnAddress : .programCounter, offset: address - start, path: known[low - 1].path,
            place: element.range, lead: lead)
        reference.image = known[low - 1]
        return [reference]
    }
}
