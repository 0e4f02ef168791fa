import CrashEvent
import CrashReports
import Demangling

/// Demanglers, one name a line.
enum NameReading {
    private static let guards: Void = { _ = Demangler.installGuards() }()

    static func run(_ bytes: [UInt8]) -> Int {
        _ = guards
        let demangler = Demangler()
        return bytes.split(separator: 0x0a).reduce(0) { sum, line in
            let name = demangler.demangle(String(decoding: line, as: UTF8.self))
            return sum &+ name.full.utf8.count &+ name.simplified.utf8.count &+ (name.failed ? 1 : 0)
        }
    }
}

/// Dumps: whatever the format is, an event that can be read and patched comes out, or a typed error.
enum DumpReading {
    static func run(_ bytes: [UInt8]) -> Int {
        var sum = 0
        if let document = try? JSONDocument(bytes) { sum &+= walk(document) }
        var context = ReportContext()
        context.release = "fuzz@1"
        context.stderr = "Fatal error: fuzz\n"
        do {
            for report in try CrashReports.decodeAll(bytes, context: context).prefix(20) {
                sum &+= read(report.event) &+ report.notes.count
            }
        } catch {
            guard !error.description.isEmpty else { fatalError("a refusal without a reason") }
        }
        return sum
    }

    private static func walk(_ document: JSONDocument) -> Int {
        var sum = 1
        var open = [document.root]
        while let node = open.popLast() {
            sum &+= document.rawBytes(of: node).count
            switch document.kind(of: node) {
            case .object:
                for (key, value) in document.members(of: node) {
                    sum &+= document.text(key)?.utf8.count ?? 0
                    open.append(value)
                }
            case .array: open.append(contentsOf: document.elements(of: node))
            default: sum &+= document.text(node)?.utf8.count ?? 0
            }
        }
        return sum
    }

    /// A decoded report is an event: it is read, patched, and still JSON.
    private static func read(_ bytes: [UInt8]) -> Int {
        guard let event = try? CrashEvent(bytes) else { return 1 }
        var sum = event.images.count &+ event.stackTraces.count &+ event.exceptions.count &+ event.threads.count
        var patch = EventPatch(event.document)
        patch.set(event.document.root, path: ["contexts", "symbolist", "status"], to: Array("\"complete\"".utf8))
        for trace in event.stackTraces.prefix(8) {
            for frame in trace.frames.prefix(8) {
                patch.set(frame.node, key: "function", to: Array("\"f\"".utf8))
                sum &+= Int(truncatingIfNeeded: frame.instructionAddress ?? 0)
            }
        }
        if let patched = try? patch.apply() {
            guard (try? JSONDocument(patched)) != nil else { fatalError("a patched event is no JSON") }
            sum &+= patched.count
        }
        return sum
    }
}
