import Bytes
import CrashEvent

/// A ``ReportedCrash`` as an event in Sentry's JSON. Same crash, same bytes.
///
/// | crash | event |
/// |---|---|
/// | type, value, signal | `exception.values[0]`, with `mechanism.meta.signal` |
/// | the crashed thread's frames, registers | `exception.values[0].stacktrace`, joined by `thread_id` |
/// | threads | `threads.values` |
/// | images | `debug_meta.images` |
/// | facts | `contexts.<contextName>` |
struct CrashEventWriter {
    private let crash: ReportedCrash
    private let eventID: String
    private let limits: CrashReportLimits
    private var framesLeft: Int
    private var framesLeftOut = 0
    /// Whether inlined calls are entries of their own: nothing can be looked up, so nobody else will name them.
    private let writesInlinedCalls: Bool
    /// What was left out, for people.
    private(set) var notes: [String] = []

    /// - Parameter isPlaced: Whether somebody says where images were loaded that the dump does not list.
    init(
        _ crash: ReportedCrash, eventID: String, limits: CrashReportLimits, isPlaced: Bool = false
    ) {
        self.crash = crash
        self.eventID = eventID
        self.limits = limits
        framesLeft = limits.maximumFrames
        writesInlinedCalls = !isPlaced && !crash.hasPlacedImage
    }

    /// The event's bytes.
    mutating func event() -> [UInt8] {
        var writer = JSONWriter(capacity: 4096)
        let threads = crash.threads.prefix(limits.maximumThreads)
        let crashed = threads.firstIndex { $0.isCrashed }
        writer.beginObject()
        writer.member("event_id", eventID)
        writer.member("timestamp", ifPresent: crash.timestamp)
        writer.member("platform", "native")
        writer.member("level", ifPresent: crash.level)
        writer.member("server_name", ifPresent: crash.serverName)
        writeException(crashed: crashed.map { (position: $0, thread: threads[$0]) }, to: &writer)
        writeValues("threads", to: &writer) { writer in
            for (position, thread) in threads.enumerated() {
                write(thread, position: position, hasTrace: position != crashed, to: &writer)
            }
        }
        writer.key("debug_meta")
        writer.beginObject()
        writer.key("images")
        writer.beginArray()
        for image in crash.images.prefix(limits.maximumImages) { write(image, to: &writer) }
        writer.endArray()
        writer.endObject()
        writeContexts(to: &writer)
        writer.endObject()
        if crash.threads.count > threads.count {
            notes.append("\(crash.threads.count - threads.count) threads over the limit were left out")
        }
        if crash.images.count > limits.maximumImages {
            notes.append("\(crash.images.count - limits.maximumImages) images over the limit were left out")
        }
        if framesLeftOut > 0 { notes.append("\(framesLeftOut) frames over the limit were left out") }
        return writer.bytes
    }

    private func writeValues(_ key: String, to writer: inout JSONWriter, _ body: (inout JSONWriter) -> Void) {
        writer.key(key)
        writer.beginObject()
        writer.key("values")
        writer.beginArray()
        body(&writer)
        writer.endArray()
        writer.endObject()
    }

    // MARK: - Exception

    private mutating func writeException(crashed: (position: Int, thread: ReportedThread)?, to writer: inout JSONWriter)
    {
        guard crash.type != nil || crash.value != nil || crash.signal != nil || crashed != nil else { return }
        writer.key("exception")
        writer.beginObject()
        writer.key("values")
        writer.beginArray()
        writer.beginObject()
        writer.member("type", crash.type ?? crash.signal?.name ?? "Crash")
        writer.member("value", ifPresent: crash.value)
        if let crashed { writer.member("thread_id", id(of: crashed.thread, at: crashed.position)) }
        writer.key("mechanism")
        writer.beginObject()
        writer.member("type", crash.mechanism)
        writer.member("handled", false)
        if crash.isSynthetic { writer.member("synthetic", true) }
        if let signal = crash.signal {
            writer.key("meta")
            writer.beginObject()
            writer.key("signal")
            writer.beginObject()
            writer.member("name", signal.name)
            if let number = signal.number { writer.member("number", number) }
            if let code = signal.code { writer.member("code", code) }
            writer.endObject()
            writer.endObject()
            if let address = signal.faultAddress {
                writer.key("data")
                writer.beginObject()
                writer.member("fault_address", address: address)
                writer.endObject()
            }
        }
        writer.endObject()
        if let crashed { writeTrace(of: crashed.thread, to: &writer) }
        writer.endObject()
        writer.endArray()
        writer.endObject()
    }

    // MARK: - Threads

    private func id(of thread: ReportedThread, at position: Int) -> String { thread.id ?? String(position) }

    private mutating func write(
        _ thread: ReportedThread, position: Int, hasTrace: Bool, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("id", id(of: thread, at: position))
        writer.member("name", ifPresent: thread.name)
        if thread.isCrashed {
            writer.member("crashed", true)
            writer.member("current", true)
        } else if thread.isCurrent {
            writer.member("current", true)
        }
        if let other = thread.ranOnOf {
            writer.key("symbolist")
            writer.beginObject()
            writer.member("ran_on_of", other)
            writer.endObject()
        }
        if hasTrace { writeTrace(of: thread, to: &writer) }
        writer.endObject()
    }

    /// The innermost and the outermost frames stay; a marker says how many are between.
    private mutating func writeTrace(of thread: ReportedThread, to writer: inout JSONWriter) {
        let allowed = max(0, min(limits.maximumFramesPerThread, framesLeft))
        let count = thread.frames.count
        let left = max(0, count - allowed)
        let innermost = left > 0 ? allowed - allowed / 4 : count
        framesLeft -= count - left
        framesLeftOut += left
        writer.key("stacktrace")
        writer.beginObject()
        writer.key("frames")
        writer.beginArray()
        for position in thread.frames.indices.reversed() {
            if left > 0, position >= innermost, position < innermost + left {
                if position == innermost {
                    var marker = ReportedFrame(kind: .omitted)
                    marker.count = left
                    write(marker, to: &writer)
                }
                continue
            }
            write(thread.frames[position], to: &writer)
            if writesInlinedCalls { writeInlinedCalls(of: thread.frames[position], to: &writer) }
        }
        writer.endArray()
        if !thread.registers.isEmpty {
            writer.key("registers")
            writer.beginObject()
            for register in thread.registers { writer.member(register.name, address: register.value) }
            writer.endObject()
        }
        writer.endObject()
    }

    /// The calls that were inlined into a frame, the outer ones first.
    private mutating func writeInlinedCalls(of frame: ReportedFrame, to writer: inout JSONWriter) {
        for call in frame.inlinedCalls.reversed() {
            guard framesLeft > 0 else { return framesLeftOut += 1 }
            framesLeft -= 1
            var entry = ReportedFrame(kind: frame.kind)
            (entry.function, entry.file, entry.line, entry.column) = (call.function, call.file, call.line, call.column)
            entry.package = frame.package
            entry.isInlined = true
            write(entry, to: &writer)
        }
    }

    private func write(_ frame: ReportedFrame, to writer: inout JSONWriter) {
        writer.beginObject()
        switch frame.address {
        case .absolute(let address): writer.member("instruction_addr", address: address)
        case .relative(let image, let offset):
            writer.member("instruction_addr", address: offset)
            writer.member("addr_mode", "rel:\(image)")
        case nil: break
        }
        writer.member("function", ifPresent: frame.function)
        writer.member("symbol", ifPresent: frame.symbol)
        writer.member("package", ifPresent: frame.package)
        if let file = frame.file {
            writer.member("filename", file.split(separator: "/").last.map(String.init) ?? file)
            writer.member("abs_path", file)
        }
        if let line = frame.line, line > 0 { writer.member("lineno", line) }
        if let column = frame.column, column > 0 { writer.member("colno", column) }
        writer.member("trust", ifPresent: frame.trust)
        writer.key("data")
        writer.beginObject()
        writer.key("symbolist")
        writer.beginObject()
        // A frame with names only has no address whose kind could matter.
        let isMarker = frame.kind == .omitted || frame.kind == .truncated
        let hasPlace = frame.address != nil || frame.symbolOffset != nil
        writer.member("kind", hasPlace || isMarker ? frame.kind.rawValue : "named")
        if let count = frame.count { writer.member("count", count) }
        if let offset = frame.symbolOffset { writer.member("symbol_offset", address: offset) }
        if frame.isInlined { writer.member("inlined", true) }
        writer.member("runtime_failure", ifPresent: frame.runtimeFailure)
        writer.endObject()
        if !frame.reported.isEmpty {
            writer.key(crash.contextName)
            writer.beginObject()
            writer.key("reported")
            writer.beginArray()
            for line in frame.reported { writer.string(line) }
            writer.endArray()
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
    }

    // MARK: - Images and contexts

    private func write(_ image: ReportedImage, to writer: inout JSONWriter) {
        let codeID = image.codeID.flatMap { DebugIdentifier.normalizedCodeID($0) }
        let debugID = codeID.flatMap { Hexadecimal.bytes($0) }.flatMap {
            DebugIdentifier.make(buildID: $0, isLittleEndian: !Self.isBigEndian(crash.architecture))
        }
        writer.beginObject()
        writer.member("type", "elf")
        writer.member("code_id", ifPresent: codeID)
        writer.member("debug_id", ifPresent: debugID)
        writer.member("code_file", ifPresent: image.path)
        if let address = image.address { writer.member("image_addr", address: address) }
        if let address = image.linkAddress { writer.member("image_vmaddr", address: address) }
        if let size = image.size { writer.member("image_size", size) }
        writer.member("arch", ifPresent: crash.architecture)
        if image.mappingOffset != nil || image.isExecutableMapping || image.code != nil {
            writer.key("symbolist")
            writer.beginObject()
            if let offset = image.mappingOffset { writer.member("mapping_offset", address: offset) }
            if image.isExecutableMapping { writer.member("mapping", "executable") }
            if let code = image.code {
                writer.key("code")
                writer.beginObject()
                writer.member("address", address: code.address)
                writer.member("bytes", Hexadecimal.string(code.bytes))
                writer.endObject()
            }
            writer.endObject()
        }
        writer.endObject()
    }

    private static func isBigEndian(_ architecture: String?) -> Bool {
        ["s390x", "powerpc", "powerpc64", "ppc", "ppc64"].contains(architecture)
    }

    private func writeContexts(to writer: inout JSONWriter) {
        writer.key("contexts")
        writer.beginObject()
        if let system = crash.operatingSystem {
            writer.key("os")
            writer.beginObject()
            writer.member("type", "os")
            writer.member("name", system.split(separator: " ").first.map(String.init) ?? system)
            writer.member("raw_description", system)
            writer.endObject()
        }
        if let architecture = crash.architecture {
            writer.key("device")
            writer.beginObject()
            writer.member("type", "device")
            writer.member("arch", architecture)
            writer.endObject()
        }
        if let reason = crash.reason {
            writer.key("symbolist")
            writer.beginObject()
            writer.member("type", "symbolist")
            writer.member("version", 1)
            writer.member("crash_reason", reason)
            writer.endObject()
        }
        if !crash.facts.isEmpty {
            writer.key(crash.contextName)
            writer.beginObject()
            writer.member("type", crash.contextName)
            for fact in crash.facts { writer.member(fact.key, raw: fact.json) }
            writer.endObject()
        }
        writer.endObject()
    }
}
