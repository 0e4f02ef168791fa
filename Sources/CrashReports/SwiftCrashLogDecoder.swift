import Bytes
import CrashEvent

/// A Swift JSON crash log as an event, written in one pass over the log's document.
///
/// | log | event |
/// |---|---|
/// | `timestamp`, `architecture`, `platform` | `timestamp`, `contexts.device.arch`, `contexts.os` |
/// | `description`, `faultAddress` | `exception.values[0]` type, value, mechanism |
/// | the crashed thread's frames, registers | `exception.values[0].stacktrace`, joined by `thread_id` |
/// | `threads` | `threads.values`, the position as id |
/// | `images` | `debug_meta.images` |
/// | everything else | `contexts.swift_backtrace`, verbatim; for a thread or image `swift_backtrace` in it |
struct SwiftCrashLogDecoder {
    let document: JSONDocument
    private let eventID: String
    let limits: CrashReportLimits
    let threads: [JSONNode]
    let images: [JSONNode]
    private let imagePaths: [String: String]
    private var framesLeft: Int
    private var malformedFrames = 0
    private var framesLeftOut = 0
    private(set) var notes: [String] = []

    var platform: String { document.string("platform", of: document.root) ?? "" }
    var architecture: String? { document.string("architecture", of: document.root) }
    var isDarwin: Bool { platform.hasPrefix("macOS") || platform.hasPrefix("iOS") }

    init(_ document: JSONDocument, eventID: String, limits: CrashReportLimits) {
        self.document = document
        self.eventID = eventID
        self.limits = limits
        framesLeft = limits.maximumFrames
        threads = document.array("threads", of: document.root).map { Array(document.elements(of: $0)) } ?? []
        images = document.array("images", of: document.root).map { Array(document.elements(of: $0)) } ?? []
        var paths: [String: String?] = [:]
        for image in images.prefix(limits.maximumImages) {
            guard let name = document.string("name", of: image), let path = document.string("path", of: image) else {
                continue
            }
            paths[name] = paths[name] == nil ? .some(path) : .some(nil)
        }
        imagePaths = paths.compactMapValues { $0 }
    }

    /// The event's bytes. `signalLine` is text of standard error, where the reporter names the signal's number.
    mutating func event(signalLine: String) -> [UInt8] {
        var writer = JSONWriter(capacity: document.bytes.count * 2)
        writer.beginObject()
        writer.member("event_id", eventID)
        if let timestamp = document.member("timestamp", of: document.root),
            document.kind(of: timestamp) == .string || document.kind(of: timestamp) == .number
        {
            writer.member("timestamp", raw: document.rawBytes(of: timestamp))
        }
        writer.member("platform", "native")
        writer.member("level", "fatal")
        let crashed = crashedThread()
        writeException(crashed: crashed, signalLine: signalLine, to: &writer)
        writeThreads(crashed: crashed, to: &writer)
        writer.key("debug_meta")
        writer.beginObject()
        writer.key("images")
        writer.beginArray()
        for image in images.prefix(limits.maximumImages) { writeImage(image, to: &writer) }
        writer.endArray()
        writer.endObject()
        writeContexts(to: &writer)
        writer.endObject()
        noteWhatWasOdd()
        return writer.bytes
    }

    /// The position of the thread whose trace the exception gets. A report of one thread is about that one.
    private mutating func crashedThread() -> Int? {
        let crashed = threads.indices.filter { document.bool("crashed", of: threads[$0]) == true }
        if crashed.count > 1 {
            notes.append("\(crashed.count) threads are marked as crashed, the exception has the first")
        }
        if let first = crashed.first { return first }
        if threads.count == 1 {
            notes.append("the only thread is not marked as crashed, the exception has its trace all the same")
            return 0
        }
        notes.append(threads.isEmpty ? "the log has no threads" : "no thread is marked as crashed")
        return nil
    }

    // MARK: - Exception

    private mutating func writeException(crashed: Int?, signalLine: String, to writer: inout JSONWriter) {
        let description = document.string("description", of: document.root) ?? ""
        let signal = SwiftSignal(description: description, text: signalLine, platform: platform)
        let isFailure = description.hasPrefix(SwiftSignal.runtimeFailure)
        writer.key("exception")
        writer.beginObject()
        writer.key("values")
        writer.beginArray()
        writer.beginObject()
        writer.member("type", signal?.name ?? (isFailure ? "Swift runtime failure" : "Crash"))
        writer.member("value", value(description, signal: signal))
        if let crashed { writer.member("thread_id", crashed) }
        writer.key("mechanism")
        writer.beginObject()
        writer.member("type", "swift-backtrace")
        writer.member("handled", false)
        writer.member("synthetic", true)
        if let signal {
            writer.key("meta")
            writer.beginObject()
            writer.key("signal")
            writer.beginObject()
            writer.member("name", signal.name)
            writer.member("number", signal.number)
            writer.endObject()
            writer.endObject()
        }
        writer.endObject()
        if let crashed, threads.indices.contains(crashed) { writeTrace(of: threads[crashed], to: &writer) }
        writer.endObject()
        writer.endArray()
        writer.endObject()
    }

    private func value(_ description: String, signal: SwiftSignal?) -> String {
        let text = description.isEmpty ? "Crash without a description" : description
        guard signal?.hasFaultAddress ?? true,
            let address = document.unsignedInteger("faultAddress", of: document.root)
        else { return text }
        return "\(text) at \(Hexadecimal.address(address))"
    }

    // MARK: - Threads

    private mutating func writeThreads(crashed: Int?, to writer: inout JSONWriter) {
        writer.key("threads")
        writer.beginObject()
        writer.key("values")
        writer.beginArray()
        for (index, thread) in threads.prefix(limits.maximumThreads).enumerated() {
            let isCrashed = index == crashed || document.bool("crashed", of: thread) == true
            writer.beginObject()
            writer.member("id", index)
            writer.member("name", ifPresent: document.string("name", of: thread))
            writer.member("crashed", isCrashed)
            writer.member("current", index == crashed)
            if index != crashed { writeTrace(of: thread, to: &writer) }
            writeRest(of: thread, key: "swift_backtrace", to: &writer) { key, value in
                switch key {
                case "name": document.kind(of: value) == .string
                case "crashed": document.bool(value) != nil
                case "registers": document.kind(of: value) == .object
                case "frames": document.kind(of: value) == .array
                default: false
                }
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private mutating func writeTrace(of thread: JSONNode, to writer: inout JSONWriter) {
        guard let list = document.array("frames", of: thread) else { return }
        var frames = SwiftCrashLogFrames(list, in: document, imagePaths: imagePaths)
        let limit = min(limits.maximumFramesPerThread, framesLeft)
        writer.key("stacktrace")
        writer.beginObject()
        writer.key("frames")
        frames.write(to: &writer, limit: limit)
        if let registers = document.object("registers", of: thread) {
            writer.member("registers", raw: document.rawBytes(of: registers))
        }
        writer.endObject()
        framesLeft -= min(frames.count, limit)
        malformedFrames += frames.malformedCount
        framesLeftOut &+= frames.leftOutCount
    }

    private mutating func noteWhatWasOdd() {
        if malformedFrames > 0 { notes.append("\(malformedFrames) frames have no readable address") }
        if framesLeftOut > 0 { notes.append("\(framesLeftOut) frames were left out, see the omitted markers") }
        if threads.count > limits.maximumThreads {
            notes.append(
                "\(threads.count - limits.maximumThreads) threads were left out, the limit is \(limits.maximumThreads)")
        }
        if images.count > limits.maximumImages {
            notes.append(
                "\(images.count - limits.maximumImages) images were left out, the limit is \(limits.maximumImages)")
        }
        if images.isEmpty { notes.append("the log has no images: its addresses cannot be resolved") }
    }
}
