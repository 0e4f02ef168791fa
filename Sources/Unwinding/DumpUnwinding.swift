import Bytes
import ELFObject
public import ParserTasks

/// What a dump holds, and its threads' stacks: the two questions that the parent asks.
///
/// A dump is told by its first bytes: `\x7fELF` or `MDMP`.
public enum DumpUnwinding {
    /// Reads what `dump` is, without unwinding. The descriptor stays the caller's.
    ///
    /// Cost: headers, notes and the first page of each module.
    public static func inspect(_ dump: Int32, name: String, limits: UnwindLimits) throws(DumpError) -> DumpInspection {
        let snapshot = try open(dump, name: name)
        var notes: [String] = []
        return ReplyBudget.trimmed(snapshot.inspection, limits, &notes)
    }

    /// Unwinds all threads of `dump`, the crashed one first. `files` are the request's files in its order.
    ///
    /// Cost: time in proportion to frames and to the symbol tables and call-frame tables of the modules that have frames;
    /// memory is those tables, never the dump's size.
    public static func unwind(_ request: DumpRequest, dump: Int32, files: [Int32]) throws(DumpError) -> UnwoundDump {
        guard files.count >= request.files.count else {
            throw DumpError(
                .unavailable,
                "\(printable(request.name)): \(request.files.count) files are asked for, \(files.count) are there")
        }
        let snapshot = try open(dump, name: request.name)
        var inputs: [MappedFile] = []
        for (file, input) in zip(files, request.files) { inputs.append(try map(file, name: input.name)) }
        let modules = ModuleTable(snapshot, request, inputs)
        let unwinder = try ThreadUnwinder(snapshot, modules)
        let crash = snapshot.crash
        let (threads, threadNotes) = unwindThreads(snapshot, unwinder, request.limits)
        var notes: [String] = threadNotes
        let inspection = ReplyBudget.trimmed(snapshot.inspection, request.limits, &notes)
        var result = UnwoundDump(inspection: inspection, threads: threads, notes: [])
        result.signal = crash.signal
        result.signalCode = crash.signalCode
        result.faultAddress = crash.faultAddress
        result.processID = crash.processID
        result.processName =
            crash.processName
            ?? snapshot.inspection.modules.first.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
        result.arguments = crash.arguments
        result.timestamp = crash.timestamp
        result.operatingSystem = crash.operatingSystem
        result.notes = ReplyBudget.trimmed(notes + modules.notes)
        return result
    }

    private static func unwindThreads(
        _ snapshot: any ProcessSnapshot, _ unwinder: ThreadUnwinder, _ limits: UnwindLimits
    ) -> (threads: [UnwoundThread], notes: [String]) {
        var notes: [String] = []
        var order = Array(snapshot.threads.indices)
        if let crashed = snapshot.crash.thread, order.indices.contains(crashed) {
            order.removeAll { $0 == crashed }
            order.insert(crashed, at: 0)
        }
        let threadLimit = max(limits.threads, 1)
        if order.count > threadLimit {
            notes.append(
                "\(order.count - threadLimit) of \(order.count) threads were left out: limit of \(threadLimit)")
            order.removeSubrange(threadLimit...)
        }
        var left = limits.frames
        var starved = 0
        var threads: [UnwoundThread] = []
        for (position, index) in order.enumerated() {
            let thread = snapshot.threads[index]
            let share = min(limits.framesPerThread, left)
            var unwound = AsyncUnwinding.thread(thread, unwinder, limit: share)
            left -= unwound.frames.count + unwound.ranOn.count
            if share < limits.framesPerThread, unwound.end == "limit of \(share) frames" {
                unwound.end = "limit of \(limits.frames) frames in all threads"
                starved += 1
            }
            unwound.isCrashed = index == snapshot.crash.thread
            if position >= ReplyBudget.threadsWithRegisters { unwound.registers = [] }
            threads.append(unwound)
        }
        if starved > 0 {
            notes.append("\(starved) threads are cut short: limit of \(limits.frames) frames in all threads")
        }
        if order.count > ReplyBudget.threadsWithRegisters {
            notes.append("registers are kept of the first \(ReplyBudget.threadsWithRegisters) threads")
        }
        return (threads, notes)
    }

    private static func open(_ dump: Int32, name: String) throws(DumpError) -> any ProcessSnapshot {
        let file = try map(dump, name: name)
        switch DumpBytes(file.bytes).u32(0) {
        case 0x464c_457f: return try CoreFile(file, name: name)
        // MDMP, and PMDM, which it refuses with the reason.
        case 0x504d_444d, 0x4d44_4d50: return try MinidumpFile(file, name: name)
        default:
            throw .malformed(
                name, "first bytes",
                "neither an ELF core (7f 45 4c 46) nor a minidump (\"MDMP\"); it has \(file.count) bytes")
        }
    }

    private static func map(_ descriptor: Int32, name: String) throws(DumpError) -> MappedFile {
        do throws(MappedFileError) {
            return try MappedFile(descriptor: descriptor, name: printable(name))
        } catch {
            throw DumpError(.unavailable, error.description)
        }
    }
}
