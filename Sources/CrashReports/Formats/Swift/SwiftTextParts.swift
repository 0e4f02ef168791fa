/// One line of a thread, before it is known what its text means.
struct SwiftTextFrame {
    /// What stands in brackets.
    struct Attributes: OptionSet {
        let rawValue: UInt8
        static let returnAddress = Attributes(rawValue: 1)
        static let async = Attributes(rawValue: 2)
        static let inlined = Attributes(rawValue: 4)
        static let other = Attributes(rawValue: 8)

        init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The attribute of a name; `nil` for a word that is none.
        init?(_ name: ArraySlice<UInt8>) {
            switch name.count <= 16 ? name.text : "" {
            case "ra": self = .returnAddress
            case "async": self = .async
            case "inlined": self = .inlined
            case "system", "thunk": self = .other
            default: return nil
            }
        }
    }

    /// As printed: inlined functions and omitted frames count.
    var index: UInt64?
    var attributes: Attributes = []
    var address: UInt64?
    /// `...`: frames are missing here.
    var isGap = false
    /// Behind the address: names and place.
    var text: ArraySlice<UInt8> = []
    /// The whole line.
    var line: ArraySlice<UInt8> = []
}

/// One thread of a text report.
struct SwiftTextThread {
    /// A position, not an id of the system; none is printed.
    var number: UInt64
    var name: String?
    var isCrashed = false
    var registers: [ReportedThread.Register] = []
    /// Innermost first.
    var frames: [SwiftTextFrame] = []

    init(number: UInt64) { self.number = number }
}

/// One line of the images.
struct SwiftTextImage {
    var start: UInt64
    /// End of the executable segment.
    var end: UInt64
    var codeID: String?
    var name: ArraySlice<UInt8> = []
    var path: String?

    init(start: UInt64, end: UInt64) {
        self.start = start
        self.end = end
    }

    /// The same for the event.
    var reported: ReportedImage {
        var image = ReportedImage()
        image.codeID = codeID
        image.path = path ?? (name.isEmpty ? nil : name.text)
        image.address = start
        image.size = end - start
        return image
    }
}
