import Bytes
import CProcess
import Glibc

/// A file of a watched folder, open for reading.
public struct CrashFile: Sendable {
    /// For people, and for no open(2): others may put something else there meanwhile.
    public let path: String
    /// Bytes.
    public let size: Int
    /// The open file, at its start; valid until ``CrashFileReceiver/receive(_:)`` returns.
    public let descriptor: Int32
    /// Names this state of this file for ever: what a receiver keeps once, however often it is handed over.
    public let id: String

    /// A path that opens the very file that ``descriptor`` is.
    public var openPath: String { "/proc/self/fd/\(descriptor)" }
}

/// Whoever takes the files of a crash folder.
public protocol CrashFileReceiver: Sendable {
    /// Takes a file durably. One whose id was taken before is not taken again, and no error.
    func receive(_ file: CrashFile) async throws(CrashReceiverError)
}

/// What becomes of a file that was taken.
public enum TakenFiles: Equatable, Sendable {
    /// It is moved to `.symbolist/done` in the folder.
    case moved
    /// It is removed.
    case deleted
    /// It stays; `memory` is the file in which the watch remembers it across restarts.
    case kept(memory: String)
}

/// A folder into which crashes fall, and the decisions about its files. One ``pass(closed:now:)`` looks once; the time is
/// the caller's.
///
///     file ─▶ regular? named as finished? ─▶ still written to? ─▶ receiver ─┬─ taken ───▶ .symbolist/done
///                 │ no: told once               │ yes: later                ├─ refused ─▶ .symbolist/failed, with a reason
///                 ▼                             ▼                           └─ away ────▶ stays; all wait, longer each time
///
/// A file is complete when the kernel said that it was closed after writing or moved here, or when it has not changed for
/// ``settleTime`` and nobody has it open for writing.
public struct CrashFolder: Sendable {
    /// The folder.
    public let path: String
    /// How long a file must stand still, in milliseconds, when nobody saw it being closed.
    public var settleTime: Int64 = 2_000
    /// Larger files are refused; bytes.
    public var sizeLimit = 64 << 30

    private let taken: TakenFiles
    private let receiver: any CrashFileReceiver
    private let message: @Sendable (String) -> Void
    private var memory: FileMemory
    /// What was seen of files that are not done with.
    private var seen: [String: Sighting] = [:]
    private var away: Away?
    private var isGone = false
    /// Names that cannot be spelled and that people were told of.
    private var told: Set<String> = []

    static let firstPause: Int64 = 1_000
    static let longestPause: Int64 = 300_000

    private struct Sighting {
        var state: FileState
        /// When the state was first seen.
        var since: Int64
        /// The kernel said that it is complete.
        var isClosed = false
        /// People were told that it is passed over.
        var isTold = false
    }

    private struct Away {
        var until: Int64
        var pause: Int64
        /// The file that was tried.
        var name: String
    }

    /// By name, beginning behind the file that was tried in vain: one that cannot be taken here, such as a core that the
    /// disk has no room to expand, must not keep the others waiting.
    private var order: [String] {
        let names = seen.keys.sorted()
        guard let tried = away?.name else { return names }
        return names.filter { $0 > tried } + names.filter { $0 <= tried }
    }

    /// A folder to watch.
    ///
    /// - Parameter message: tells people something; the text has no newline.
    public init(
        _ path: String, taken: TakenFiles, receiver: any CrashFileReceiver,
        message: @escaping @Sendable (String) -> Void
    ) {
        self.path = path
        self.taken = taken
        self.receiver = receiver
        self.message = message
        if case .kept(let file) = taken { memory = FileMemory(path: file) } else { memory = FileMemory(path: nil) }
    }

    /// Looks at the folder once and hands over what is complete.
    ///
    /// - Parameters:
    ///   - closed: names of files that the kernel called complete since the last pass.
    ///   - now: milliseconds of a clock that only goes forward.
    /// - Returns: when to look again at the latest, by the same clock; `nil` when nothing here waits for time.
    public mutating func pass(closed: Set<String>, now: Int64) async -> Int64? {
        let states: [String: FileState]
        do throws(CallFailure) {
            states = try look()
            if isGone { message("\(path) is there again") }
            isGone = false
        } catch {
            if !isGone { message("\(error); trying again") }
            isGone = true
            return now + Self.firstPause
        }
        seen = seen.filter { states[$0.key] != nil }
        memory.keepOnly { states[$0] != nil }
        for (name, state) in states { note(name, state, isClosed: closed.contains(name), now: now) }
        if let away, away.until > now { return away.until }
        var next: Int64?
        for name in order {
            if Task.isCancelled { return nil }
            guard let sighting = seen[name], !sighting.isTold else { continue }
            if let time = await consider(name, sighting, now: now) { next = min(next ?? time, time) }
            if let away, away.until > now { return away.until }
        }
        return next
    }

    // MARK: - Looking

    private mutating func look() throws(CallFailure) -> [String: FileState] {
        var states: [String: FileState] = [:]
        for name in try Files.names(in: path) where !Self.isUnfinished(name) {
            var status = stat()
            guard lstat("\(path)/\(name)", &status) == 0 else {
                if name.contains("\u{fffd}"), told.count < 1000, told.insert(name).inserted {
                    message("\(path)/\(name): the name is no UTF-8, passed over")
                }
                continue
            }
            states[name] = FileState(status)
        }
        return states
    }

    /// Names that writers give to what they have not finished, and this room's own folder.
    static func isUnfinished(_ name: String) -> Bool {
        name.hasPrefix(".") || [".tmp", ".part", ".partial", "~"].contains { name.hasSuffix($0) }
    }

    private mutating func note(_ name: String, _ state: FileState, isClosed: Bool, now: Int64) {
        if memory.contains(name, state) {
            seen[name] = nil
        } else if var known = seen[name], known.state == state {
            known.isClosed = known.isClosed || isClosed
            seen[name] = known
        } else {
            seen[name] = Sighting(state: state, since: now, isClosed: isClosed)
        }
    }

    // MARK: - Deciding

    /// Takes a file or leaves it; returns when to look at it again, if time alone changes anything.
    private mutating func consider(_ name: String, _ sighting: Sighting, now: Int64) async -> Int64? {
        let full = "\(path)/\(name)"
        guard sighting.state.isRegular else {
            tellOnce(name, "\(full): not a regular file, passed over")
            return nil
        }
        guard sighting.state.size > 0 else { return nil }
        guard sighting.isClosed || now - sighting.since >= settleTime else { return sighting.since + settleTime }
        guard sighting.state.size <= sizeLimit else {
            refuse(name, sighting, "the file has \(sighting.state.size) bytes, the limit is \(sizeLimit)")
            return nil
        }
        let descriptor: Int32
        do throws(CallFailure) {
            descriptor = try Files.open(full)
        } catch {
            // This process's trouble, not the file's.
            if [EMFILE, ENFILE, ENOMEM].contains(error.code) {
                postpone(name, error.description, now: now)
            } else if error.code != ENOENT {
                tellOnce(name, "\(error); passed over")
            }
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, FileState(status) == sighting.state else { return now + settleTime }
        // Whoever opened it again goes on writing.
        if cprocess_has_writer(descriptor) == 1 { return now + settleTime }
        let file = CrashFile(
            path: full, size: sighting.state.size, descriptor: descriptor, id: sighting.state.id(name: name))
        do throws(CrashReceiverError) {
            try await receiver.receive(file)
        } catch {
            switch error {
            case .refused(let reason):
                guard isStill(name, sighting) else { return lookAgain(name, now: now) }
                refuse(name, sighting, reason)
            case .unavailable(let reason): postpone(name, reason, now: now)
            }
            return nil
        }
        if away != nil { message("\(path): files are taken again") }
        away = nil
        guard isStill(name, sighting) else { return lookAgain(name, now: now) }
        finish(name, sighting)
        return nil
    }

    /// Whether the name still means the file that was handed over. Taking a large core lasts, and the next one may have
    /// got the same name meanwhile: moving that one away would lose it.
    private func isStill(_ name: String, _ sighting: Sighting) -> Bool {
        var status = stat()
        return lstat("\(path)/\(name)", &status) == 0 && FileState(status) == sighting.state
    }

    private mutating func lookAgain(_ name: String, now: Int64) -> Int64 {
        seen[name] = nil
        return now + settleTime
    }

    private mutating func tellOnce(_ name: String, _ text: String) {
        seen[name]?.isTold = true
        message(text)
    }

    /// Told when it begins; not at every attempt.
    private mutating func postpone(_ name: String, _ reason: String, now: Int64) {
        if Task.isCancelled { return }
        if away == nil { message("\(path)/\(name) stays where it is, trying again: \(reason)") }
        let pause = min((away?.pause ?? Self.firstPause / 2) * 2, Self.longestPause)
        away = Away(until: now + pause, pause: pause, name: name)
    }

    private mutating func finish(_ name: String, _ sighting: Sighting) {
        switch taken {
        case .kept: remember(name, sighting)
        case .deleted:
            if unlink("\(path)/\(name)") != 0, errno != ENOENT {
                remember(name, sighting)
                message("\(CallFailure("remove", "\(path)/\(name)")); it stays")
            }
        case .moved: move(name, sighting, to: "done", reason: nil)
        }
    }

    private mutating func refuse(_ name: String, _ sighting: Sighting, _ reason: String) {
        if case .kept = taken {
            message("\(path)/\(name): \(reason)")
            remember(name, sighting)
        } else {
            message("\(path)/\(name): \(reason); it goes to .symbolist/failed")
            move(name, sighting, to: "failed", reason: reason)
        }
    }

    private mutating func move(_ name: String, _ sighting: Sighting, to folder: String, reason: String?) {
        do throws(CallFailure) {
            try SetAside.move(name, from: path, into: [".symbolist", folder], reason: reason)
            seen[name] = nil
        } catch {
            if error.code != ENOENT { message("\(error); it stays") }
            remember(name, sighting)
        }
    }

    private mutating func remember(_ name: String, _ sighting: Sighting) {
        seen[name] = nil
        do throws(CallFailure) {
            try memory.add(name, sighting.state)
        } catch {
            message("what was taken cannot be remembered across restarts: \(error)")
        }
    }
}

/// What tells one state of a file from another.
struct FileState: Hashable, Sendable {
    let size: Int
    /// Nanoseconds since 1970.
    let modified: Int64
    let isRegular: Bool

    init(size: Int, modified: Int64, isRegular: Bool = true) {
        self.size = size
        self.modified = modified
        self.isRegular = isRegular
    }

    init(_ status: stat) {
        self.init(
            size: Int(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec),
            isRegular: status.st_mode & S_IFMT == S_IFREG)
    }

    /// 40 hexadecimal digits for this state of a file of this name: files of the same bytes are different crashes.
    func id(name: String) -> String {
        String(Digest.sha256(Array("\(size) \(modified) \(name)".utf8)).prefix(40))
    }
}
