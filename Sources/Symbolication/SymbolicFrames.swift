internal import CrashEvent
internal import SymbolIndex

/// Frames that name a symbol and an offset instead of an address: kernel oopses, whose addresses are random at each boot,
/// and `backtrace_symbols` lines of exported functions.
///
///     lineTotal+0x5 in till  ─▶ entry of lineTotal in till's index, + 5
///
/// A name that several functions have answers nothing: any of them might be meant.
struct SymbolicFrames: Sendable {
    private let event: CrashEvent
    private var images: [String: Int?] = [:]
    private var entries: [Int: [String: UInt64]] = [:]
    /// The names that frames ask for, by image; `nil` before the first question.
    private var wanted: [Int: Set<String>]?

    init(_ event: CrashEvent) {
        self.event = event
        for image in event.images {
            guard let name = image.codeFile.map({ FrameGroupWriter.baseName($0) }) else { continue }
            images[name] = images[name] == nil ? .some(image.index) : .some(nil)
        }
    }

    /// The one image that a frame's `package` names.
    func image(of frame: EventFrame) -> Int? {
        guard let package = frame.package else { return nil }
        return images[FrameGroupWriter.baseName(package)] ?? nil
    }

    /// The link address of a frame's symbol. The first question about an image reads the names of all its functions,
    /// once an event.
    mutating func entry(of frame: EventFrame, image: Int, index: SymbolIndex) -> UInt64? {
        guard let name = frame.symbol ?? frame.function else { return nil }
        if let known = entries[image] { return known[name] }
        let found = index.entryAddresses(ofFunctionsNamed: names(of: image))
        entries[image] = found
        return found[name]
    }

    /// One pass over the event's frames, however many images they name.
    private mutating func names(of image: Int) -> Set<String> {
        if let wanted { return wanted[image] ?? [] }
        var names: [Int: Set<String>] = [:]
        for trace in event.stackTraces {
            for frame in trace.frames where frame.symbolOffset != nil {
                guard let place = self.image(of: frame), let name = frame.symbol ?? frame.function else { continue }
                names[place, default: []].insert(name)
            }
        }
        wanted = names
        return names[image] ?? []
    }
}
