import Bytes
import ParserTasks

/// `MINIDUMP_EXCEPTION_STREAM` as Linux writers fill it.
struct MinidumpException {
    var thread: UInt64
    /// The signal's number.
    var code: UInt32
    /// `si_code`.
    var flags: UInt32
    /// `si_addr`.
    var address: UInt64
    var context: MinidumpLocation

    /// Breakpad's and Crashpad's code for "no crash, the program asked for a dump".
    static let requested: UInt32 = 0xffff_ffff
}

/// The threads, and the places of their stacks.
struct MinidumpThreads {
    var threads: [SnapshotThread] = []
    /// Of the thread in the exception stream.
    var exceptionThread: Int?
    var stacks: [MinidumpMemory.Piece] = []
}

extension MinidumpReader {
    private static let threadSize: UInt64 = 48

    /// The exception stream, when all of it is there.
    mutating func readException() -> MinidumpException? {
        guard let place = directory[.exception] else { return nil }
        guard
            place.size >= 168, let thread = u32(place.offset), let code = u32(place.offset + 8),
            let flags = u32(place.offset + 12), let address = u64(place.offset + 24),
            let context = location(place.offset + 160)
        else {
            note("stream exception: \(place.size) bytes are too few, the crashed thread is not known")
            return nil
        }
        return MinidumpException(
            thread: UInt64(thread), code: code, flags: flags, address: address, context: context)
    }

    /// The processor by the first context that can be told: for dumps without a usable SystemInfo stream.
    mutating func guessProcessor(_ exception: MinidumpException?) -> SnapshotProcessor? {
        if let exception, let processor = MinidumpContext.processor(present(exception.context), in: self) {
            return processor
        }
        guard let list = list(.threadList, stride: Self.threadSize) else { return nil }
        for index in 0..<min(list.count, 16) {
            guard let context = location(list[index] + 40) else { break }
            if let processor = MinidumpContext.processor(present(context), in: self) { return processor }
        }
        return nil
    }

    /// The thread list (`MINIDUMP_THREAD`), with the exception's context in the place of the crashed thread's: that is
    /// where the signal interrupted it, its own is inside the signal handler.
    mutating func readThreads(_ processor: SnapshotProcessor, _ exception: MinidumpException?) -> MinidumpThreads {
        var result = MinidumpThreads()
        let names = readThreadNames()
        var leftOut = 0
        defer { noteThreadsWithoutRegisters(result.threads) }
        if let list = list(.threadList, stride: Self.threadSize) {
            for index in 0..<list.count {
                let entry = list[index]
                guard let id = u32(entry).map(UInt64.init), let own = location(entry + 40) else { break }
                let isException = id == exception?.thread && result.exceptionThread == nil
                guard result.threads.count < MinidumpLimits.threads || isException else {
                    leftOut += 1
                    continue
                }
                let isReplaced = isException && exception.map { $0.context.size > 0 } == true
                let context = isReplaced ? exception?.context ?? own : own
                if isException { result.exceptionThread = result.threads.count }
                result.threads.append(
                    thread(id, names[id], context, otherwise: isReplaced ? own : nil, processor))
                if let start = u64(entry + 24), let stack = location(entry + 32) {
                    result.stacks.append(.init(start: start, location: stack))
                }
            }
        } else {
            note("there is no thread list")
        }
        if leftOut > 0 { note("stream threadList: \(leftOut) threads beyond \(MinidumpLimits.threads) are left out") }
        if let exception, result.exceptionThread == nil {
            if exception.context.size > 0 {
                note(
                    "the crashed thread \(exception.thread) is not in the thread list: its registers are the exception's"
                )
                result.exceptionThread = result.threads.count
                result.threads.append(
                    thread(exception.thread, names[exception.thread], exception.context, otherwise: nil, processor))
            } else {
                note("the crashed thread \(exception.thread) is not in the thread list")
            }
        }
        return result
    }

    private mutating func thread(
        _ id: UInt64, _ name: String?, _ context: MinidumpLocation, otherwise: MinidumpLocation?,
        _ processor: SnapshotProcessor
    ) -> SnapshotThread {
        var result = SnapshotThread(id: id, name: name, registers: [], named: [])
        switch MinidumpContext.read(context, processor, in: self) {
        case .context(let context):
            result.registers = context.registers
            result.named = context.named
        case .nothing(let reason):
            guard let otherwise else {
                if whyNoRegisters == nil { whyNoRegisters = (id, reason) }
                return result
            }
            note("thread \(id): the exception's registers cannot be used: \(reason)")
            return thread(id, name, otherwise, otherwise: nil, processor)
        }
        return result
    }

    private mutating func noteThreadsWithoutRegisters(_ threads: [SnapshotThread]) {
        guard let (id, reason) = whyNoRegisters else { return }
        let count = threads.count { $0.registers.isEmpty }
        note(
            count == 1
                ? "thread \(id) has no registers: \(reason)"
                : "\(count) threads have no registers; of thread \(id): \(reason)")
    }

    /// The stream of thread names (`MINIDUMP_THREAD_NAME`: id, then a 64-bit offset, unaligned).
    private mutating func readThreadNames() -> [UInt64: String] {
        guard directory[.threadNames] != nil, let list = list(.threadNames, stride: 12) else { return [:] }
        var names: [UInt64: String] = [:]
        for index in 0..<min(list.count, UInt64(MinidumpLimits.threads)) {
            guard let id = u32(list[index]), let offset = u64(list[index] + 4) else { break }
            // Beyond the file, and near the end of the numbers: the sum with a length must not overflow.
            guard offset < UInt64(file.count) else {
                note("stream threadNames: the name of thread \(id) is not in the file")
                continue
            }
            if let name = text(offset, of: "stream threadNames"), !name.isEmpty, names[UInt64(id)] == nil {
                names[UInt64(id)] = name
            }
        }
        return names
    }
}
