import Bytes
import ParserTasks

/// Unwinds the threads of a snapshot, one after the other.
///
///     registers ─▶ libdwfl, frame by frame ──▶ outermost
///                       │ ▲
///       no call-frame   ▼ │ covered again
///       information   FrameStep: trampoline, bad call, frame pointer ──▶ nothing holds: the end says what was missing
///
/// A return address has to point to code, and a frame that comes again at the same stack address ends the thread: stacks
/// are damaged when programs crash, and made to mislead when dumps are hostile.
struct ThreadUnwinder {
    /// A frame on the stack.
    struct Frame {
        var address: UInt64
        var kind: UnwoundFrame.Kind
        var trust: String
        /// The frame-pointer register while the frame's function runs; the function need not have set it.
        var framePointer: UInt64?

        /// The address to look up: within the call for a return address.
        var lookup: UInt64 { kind == .returnAddress ? address &- 1 : address }
        /// For the reply.
        var unwound: UnwoundFrame { UnwoundFrame(address: address, kind: kind, trust: trust) }
    }

    let snapshot: any ProcessSnapshot
    /// The modules and what was handed in for them.
    let modules: ModuleTable
    private let session: DwflSession

    init(_ snapshot: any ProcessSnapshot, _ modules: ModuleTable) throws(DumpError) {
        self.snapshot = snapshot
        self.modules = modules
        session = try DwflSession(modules.files, snapshot.processor) { modules.word(at: $0, snapshot) }
    }

    /// The physical frames of a thread, innermost first, at most `limit`, and why there are no more.
    func unwind(_ thread: SnapshotThread, limit: Int) -> (frames: [Frame], end: String) {
        let walk = Walk(limit: limit)
        var registers = FrameRegisters(thread, snapshot.processor)
        guard registers.programCounter != nil else { return ([], "the dump has no registers of the thread") }
        var isExact = true
        while true {
            walk.isFirst = true
            walk.isInterrupted = isExact
            let ending = session.run(registers, isExact: isExact) { visit($0, walk) }
            if let reason = walk.end { return (walk.frames, reason) }
            switch ending {
            case .outermost:
                return (walk.frames, UnwoundThread.outermost)
            case .stopped:
                return (walk.frames, "stopped")
            case .failed(let missing, let reason):
                return (walk.frames, failure(at: walk.frames.last, missing: missing, reason))
            case .leftAt(var left):
                if let signed = walk.signedAddress {
                    left.programCounter = signed
                    walk.signedAddress = nil
                    (registers, isExact) = (left, false)
                    walk.trust = "cfi"
                    continue
                }
                guard
                    let step = FrameStep.caller(
                        of: left, isInnermost: walk.frames.count == 1, memory: { modules.word(at: $0, snapshot) },
                        isExecutable: isCode)
                else { return (walk.frames, chainEnd(left) ?? notCovered(walk.frames.last)) }
                if step.isTrampoline, !walk.frames.isEmpty {
                    walk.frames[walk.frames.count - 1].kind = .programCounter
                }
                (registers, isExact) = (step.registers, step.isExact)
                walk.trust = "fp"
            }
        }
    }

    // MARK: - One frame

    private struct Place: Hashable {
        var programCounter: UInt64
        /// The stack pointer, or the frame pointer where the stack pointer is not known.
        var stack: UInt64
    }

    /// What is known of a thread so far.
    private final class Walk {
        let limit: Int
        var frames: [Frame] = []
        var places: Set<Place> = []
        /// Why it is over.
        var end: String?
        /// The next frame is the first of a run.
        var isFirst = true
        /// The next frame was interrupted, not called from.
        var isInterrupted = true
        /// How the first frame of the run was found.
        var trust = "context"
        /// A return address that made sense only without its pointer-authentication code.
        var signedAddress: UInt64?

        init(limit: Int) {
            self.limit = limit
        }
    }

    private func visit(_ visit: DwflSession.Visit, _ walk: Walk) -> DwflSession.Next {
        let pc = visit.programCounter
        let isInterrupted = walk.isInterrupted
        if !isInterrupted, !isCode(pc) {
            let bare = FrameStep.withoutSignature(pc)
            if snapshot.processor == .aarch64, bare != pc, isCode(bare), !walk.isFirst {
                walk.signedAddress = bare
                return .takeOver
            }
            walk.end = "the return address \(Hexadecimal.address(pc)) is in no executable memory: the stack is damaged"
            return .stop
        }
        guard walk.frames.count < walk.limit else {
            walk.end = "limit of \(walk.limit) frames"
            return .stop
        }
        let place = Place(programCounter: pc, stack: visit.stackPointer ?? visit.framePointer ?? 0)
        guard walk.places.insert(place).inserted else {
            walk.end = "the frame at \(Hexadecimal.address(pc)) comes again at the same stack address: a cycle"
            return .stop
        }
        walk.frames.append(
            Frame(
                address: pc, kind: isInterrupted || visit.isTrampoline ? .programCounter : .returnAddress,
                trust: walk.isFirst ? walk.trust : "cfi", framePointer: visit.framePointer))
        walk.isFirst = false
        walk.isInterrupted = visit.isTrampoline
        return .goOn
    }

    /// Whether code may lie at, or end at, the address: a call may be the last instruction of a mapping.
    private func isCode(_ address: UInt64) -> Bool {
        address != 0 && (snapshot.isExecutable(address) || snapshot.isExecutable(address &- 1))
    }

    // MARK: - Why it ended

    private func failure(at frame: Frame?, missing: UInt64?, _ reason: String) -> String {
        if let missing { return "stack memory at \(Hexadecimal.address(missing)) is not in the dump" }
        guard let frame else { return reason }
        return "call-frame information for \(Hexadecimal.address(frame.address)) leads nowhere: \(reason)"
    }

    /// AArch64 ends the chain of frame pointers with 0 (AAPCS64, "The Frame Pointer"); x86-64 code without frame pointers
    /// may have 0 there at any time.
    private func chainEnd(_ registers: FrameRegisters) -> String? {
        snapshot.processor == .aarch64 && registers.framePointer == 0 && registers.stackPointer == nil
            ? UnwoundThread.outermost : nil
    }

    private func notCovered(_ frame: Frame?) -> String {
        guard let frame else { return "no frame" }
        let address = Hexadecimal.address(frame.address)
        guard let file = modules.file(at: frame.lookup) else {
            return isCode(frame.address)
                ? "no module and no call-frame information for \(address): frame pointers end too"
                : "\(address) is in no module and no code, and its caller is unknown"
        }
        let path = printable(file.module.path)
        let problem: String
        if file.object != nil || file.debugFile != nil {
            problem = "its file has none for \(address)"
        } else if let id = file.module.buildID {
            problem = "no file with build id \(id)"
        } else {
            problem = "no file, and its build id is not in the dump"
        }
        return "no call-frame information for \(path) (\(problem)): frame pointers end too"
    }
}
