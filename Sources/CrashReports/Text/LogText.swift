/// Text as lines, without what a terminal or a log service put around them.
///
///     Nov 22 21:49:35 web1 till[4242]: *** Program crashed: Illegal instruction at 0x… ***
///     └──────────── prefix ─────────┘  └──────────────── what the program wrote ─────────┘
///
/// Escape sequences (colours, erase-line) are taken out, and what a carriage return overwrote. A prefix that a log
/// service puts before each line is recognised and decides the line's *stream*: lines of several processes that a log
/// interleaves are read as one text a process. Numbers of lines are those of the input.
///
/// `journalctl` indents the further lines of a message by the width of the prefix of its first one; they are of the
/// same stream.
struct LogText {
    /// One line: its message without prefix, escapes and line end.
    struct Line {
        /// Of the input, 1-based.
        var number: Int
        /// Which process wrote it: an index of ``LogText/streams``.
        var stream: Int
        /// In ``LogText/bytes``.
        var message: Range<Int>
        /// The whole line in the input, with its line end.
        var source: Range<Int>
    }

    /// What a prefix says about who wrote the lines. All `nil` for lines without a prefix.
    struct Stream: Hashable {
        var host: String?
        /// The unit's or program's name, or a container's.
        var name: String?
        var processID: String?
    }

    /// The messages one after another; without escape sequences.
    private(set) var bytes: [UInt8] = []
    private(set) var lines: [Line] = []
    private(set) var streams: [Stream] = []
    /// Positions in ``lines``, by stream.
    private(set) var linesOfStream: [[Int]] = []
    /// Indexes of ``streams``, by process id.
    private(set) var streamsOfProcess: [String: [Int]] = [:]

    /// Splits `input`, whose size the caller has bounded. Cost: one pass. `hasPrefixes` is `false` for a text that is
    /// known to come from one process, without prefixes.
    init(_ input: [UInt8], hasPrefixes: Bool = true) {
        bytes.reserveCapacity(input.count)
        var known: [Stream: Int] = [:]
        var position = 0
        var number = 0
        var before: (prefix: Int, stream: Stream) = (0, Stream())
        while position < input.count {
            number += 1
            var end = ByteSearch.first(of: [0x0a], in: input[position...]) ?? input.count
            let next = min(end + 1, input.count)
            if end > position, input[end - 1] == 0x0d { end -= 1 }
            var (prefix, stream) = hasPrefixes ? LogPrefix.read(input[position..<end]) : (0, Stream())
            if prefix == 0, before.prefix > 0, end - position >= before.prefix,
                input[position..<(position + before.prefix)].allSatisfy({ $0 == 0x20 })
            {
                (prefix, stream) = before
            }
            before = (prefix, stream)
            let start = bytes.count
            TerminalEscapes.strip(input[(position + prefix)..<end], into: &bytes)
            let index =
                known[stream]
                ?? {
                    known[stream] = streams.count
                    streams.append(stream)
                    linesOfStream.append([])
                    if let id = stream.processID { streamsOfProcess[id, default: []].append(streams.count - 1) }
                    return streams.count - 1
                }()
            linesOfStream[index].append(lines.count)
            lines.append(
                Line(number: number, stream: index, message: start..<bytes.count, source: position..<next))
            position = next
        }
    }
}

/// A walk over the lines of one stream: what a ``TextFormat`` reads from.
struct LineCursor {
    let text: LogText
    private let order: [Int]
    /// Position in the stream's lines.
    private(set) var position: Int

    init(_ text: LogText, stream: Int, at position: Int = 0) {
        self.text = text
        order = text.linesOfStream[stream]
        self.position = position
    }

    /// How many lines the stream has.
    var count: Int { order.count }

    /// The line here; `nil` at the end.
    var line: ArraySlice<UInt8>? { line(ahead: 0) }

    /// The line `distance` lines further; `nil` outside the stream. Negative distances look back.
    func line(ahead distance: Int) -> ArraySlice<UInt8>? {
        let index = position + distance
        guard order.indices.contains(index) else { return nil }
        return text.bytes[text.lines[order[index]].message]
    }

    /// The number of the line here in the input, 1-based; of the last one at the end.
    var number: Int {
        guard let last = order.last else { return 0 }
        return text.lines[order.indices.contains(position) ? order[position] : last].number
    }

    /// Who wrote these lines.
    var stream: LogText.Stream {
        order.first.map { text.streams[text.lines[$0].stream] } ?? LogText.Stream()
    }

    /// What the streams of a process said before the line here: its last `limit` lines, with line feeds.
    func messages(ofProcess id: String, limit: Int = 500) -> String {
        guard order.indices.contains(position) else { return "" }
        let here = order[position]
        var result: [UInt8] = []
        for stream in text.streamsOfProcess[id] ?? [] {
            let lines = text.linesOfStream[stream]
            var (low, high) = (0, lines.count)
            while low < high {
                let middle = (low + high) / 2
                if lines[middle] < here { low = middle + 1 } else { high = middle }
            }
            for line in lines[max(0, low - limit)..<low] {
                result += text.bytes[text.lines[line].message]
                result.append(0x0a)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// To the next line.
    mutating func advance() { position = min(position + 1, order.count) }

    /// To a place that ``position`` had.
    mutating func move(to place: Int) { position = max(0, min(place, order.count)) }

    /// The input's bytes of the stream's lines from `start` up to, not including, `end`.
    func source(from start: Int, to end: Int, of input: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for index in max(0, start)..<min(max(start, end), order.count) {
            result += input[text.lines[order[index]].source]
        }
        return result
    }

    /// The messages of the lines from `start` up to, not including, `end`, with line feeds.
    func messages(from start: Int, to end: Int) -> String {
        var result: [UInt8] = []
        for index in max(0, start)..<min(max(start, end), order.count) {
            result += text.bytes[text.lines[order[index]].message]
            result.append(0x0a)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
