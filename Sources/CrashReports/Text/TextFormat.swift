/// A format of dumps that are text: tells where a report begins and reads it.
///
/// Formats are asked line by line, in the order of ``TextFormats/all``; the first that reads a report has it, and the
/// search goes on behind it.
protocol TextFormat: Sendable {
    /// What the report is.
    static var format: DecodedReport.Format { get }

    /// Whether the lines of its stream before a report are what the process that crashed said. `false` where another
    /// program writes the report.
    static var ownsTextBefore: Bool { get }

    /// Whether a failed attempt says of all lines that it read that no report of this format begins there. Without it a
    /// long text of beginnings is read again from each of its lines.
    static var failsForAllItRead: Bool { get }

    /// Whether a report may begin with this line. Asked for every line of an input, so it looks at a few bytes first and
    /// is allowed to be wrong.
    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool

    /// Reads the report that begins at the cursor's line and leaves the cursor behind its last line.
    ///
    /// Bounded: time in proportion to the lines read, no recursion. A report that ends early is read as far as it goes,
    /// with a note, when it has at least one frame; otherwise the mismatch says at which line and what was expected.
    static func read(
        _ lines: inout LineCursor, _ reading: TextReading
    ) throws(TextMismatch) -> TextReport
}

extension TextFormat {
    static var ownsTextBefore: Bool { true }
    static var failsForAllItRead: Bool { false }
}

/// What a decoder may know besides the lines.
struct TextReading: Sendable {
    var limits: CrashReportLimits
    /// What is known from elsewhere; standard error that was captured apart is in it.
    var context: ReportContext
    /// Made from the report's bytes, for decoders that write the event themselves.
    var eventID: String
}

/// What a format made of a report.
enum TextReport: Sendable {
    /// A crash, to be written as an event.
    case crash(ReportedCrash)
    /// An event already; `standardError` is text around it that belongs to it.
    case event([UInt8], standardError: String, notes: [String])
}

/// Why lines that looked like the beginning of a report are none.
struct TextMismatch: Error, Equatable, Sendable {
    /// Line of the input, 1-based.
    var line: Int
    /// What was expected there, as a noun: `a frame`.
    var expected: String
    /// How many lines of the report were understood.
    var understood: Int
}
