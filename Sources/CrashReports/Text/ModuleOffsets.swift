/// The images of a dump that has no list of them: its stack lines name a file and where in it they are.
///
///     #1 0x560000401b04 in f (/app/till+0x1b04) (BuildId: 0011…)        base = 0x560000401b04 − 0x1b04
///     ./till(+0x1b05)[0x560000401b05]                                   base = 0x560000400000
///
/// All lines of a file must agree on its base; then frames keep their absolute addresses. When they do not agree, or give
/// only offsets, frames are relative to the image. A base of 0 means that offsets are link addresses: the file is
/// an executable at fixed addresses.
struct ModuleOffsets {
    private struct Module {
        var path: String?
        var buildID: String?
        var base: UInt64?
        var disagrees = false
    }

    private var modules: [Module] = []
    /// By path; by build id for files without a path.
    private var known: [String: [Int]] = [:]

    /// No code model lets an image be larger; without a limit an image would reach up to the next one that is known, over
    /// everything that the dump does not name.
    private static let largest: UInt64 = 1 << 31

    /// The position of a file among the images. A path with two build ids is two files; a line without an id means the
    /// first one (clang 14 leaves the id out on the last of inlined lines).
    mutating func module(path: String?, buildID: String?) -> Int {
        let key = path ?? buildID ?? ""
        let namesakes = known[key, default: []].prefix(16)
        let same = namesakes.first { buildID == nil || modules[$0].buildID == buildID }
        if let index = same ?? namesakes.first(where: { modules[$0].buildID == nil }) {
            if modules[index].buildID == nil { modules[index].buildID = buildID }
            return index
        }
        known[key, default: []].append(modules.count)
        modules.append(Module(path: path, buildID: buildID))
        return modules.count - 1
    }

    /// What a line says: the file's byte `offset` is at `address`.
    mutating func place(_ module: Int, address: UInt64, offset: UInt64) {
        guard modules.indices.contains(module) else { return }
        let base = address &- offset
        if address < offset || (modules[module].base ?? base) != base { modules[module].disagrees = true }
        modules[module].base = base
    }

    /// Where the file is mapped; `nil` when nobody or not everybody says so.
    private func base(_ module: Int) -> UInt64? {
        guard modules.indices.contains(module), !modules[module].disagrees else { return nil }
        return modules[module].base
    }

    /// What a frame says about itself, as its address: `offset` is that of `address` in `module`.
    func address(_ address: UInt64?, module: Int?, offset: UInt64?) -> ReportedFrame.Address? {
        guard let module else { return address.map { .absolute($0) } }
        let base = base(module)
        if base == 0, let link = offset ?? address { return .relative(image: module, link) }
        if let address, base != nil || offset == nil { return .absolute(address) }
        return offset.map { .relative(image: module, $0) } ?? address.map { .absolute($0) }
    }

    /// In the order in which they were first named.
    var images: [ReportedImage] {
        let bases = modules.indices.compactMap { base($0) }.filter { $0 > 0 }.sorted()
        return modules.indices.map { index in
            var image = ReportedImage()
            image.path = modules[index].path
            image.codeID = modules[index].buildID
            guard let base = base(index) else { return image }
            guard base > 0 else {
                image.linkAddress = 0
                return image
            }
            image.address = base
            let next = bases[Self.lowerBound(of: base &+ 1, in: bases)...].first
            if next.map({ $0 - base > Self.largest }) ?? true { image.size = Self.largest }
            return image
        }
    }

    /// What is odd, for people.
    var notes: [String] {
        let odd = modules.filter(\.disagrees).map { $0.path ?? $0.buildID ?? "a file" }
        guard let first = odd.first else { return [] }
        let more = odd.count > 1 ? " and \(odd.count - 1) other files" : ""
        return ["lines disagree about where \(first.prefix(200))\(more) was loaded; offsets are used"]
    }

    private static func lowerBound(of value: UInt64, in sorted: [UInt64]) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = low + (high - low) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
