import Glibc

/// What a delivery did.
public struct SpoolDelivery: Equatable, Sendable {
    /// Crashes that the receiver has now.
    public internal(set) var delivered = 0
    /// Files that were set aside, with the reason.
    public internal(set) var setAside: [Problem] = []
    /// Files that stay where they are: unreadable for now, or written by a later release.
    public internal(set) var left: [Problem] = []
    /// Why it stopped early; the rest waits for the next delivery.
    public internal(set) var unavailable: String?
    /// How many wait still.
    public internal(set) var waiting = 0

    /// A file and what is wrong with it.
    public struct Problem: Equatable, Sendable {
        /// The file's name in the spool.
        public let name: String
        /// For people.
        public let reason: String
    }
}

extension Spool {
    /// Hands over what waits, oldest first, until nothing is left or the receiver is away.
    ///
    /// A file goes when the receiver has its crash durably. Killed between the two, the next delivery hands it over
    /// again, and the receiver knows it by its id.
    public func deliver(to receiver: some CrashReceiver) async -> SpoolDelivery {
        var report = SpoolDelivery()
        removeLeftovers()
        for name in entries() {
            if Task.isCancelled { break }
            let crash: CollectedCrash
            do throws(Unreadable) {
                guard let read = try read(name) else { continue }
                crash = read
            } catch {
                switch error {
                case .damaged(let reason): setAside(name, reason, in: &report)
                case .later(let reason): report.left.append(.init(name: name, reason: reason))
                }
                continue
            }
            do throws(CrashReceiverError) {
                try await receiver.receive(crash)
            } catch {
                switch error {
                case .unavailable(let reason):
                    report.unavailable = reason
                    report.waiting = entries().count
                    return report
                case .refused(let reason):
                    setAside(name, reason, in: &report)
                    continue
                }
            }
            report.delivered += 1
            if unlink("\(folder)/\(name)") != 0, errno != ENOENT {
                report.left.append(
                    .init(name: name, reason: "delivered, but not removed: \(CallFailure("unlink", name))"))
            }
        }
        report.waiting = entries().count
        return report
    }

    private enum Unreadable: Error {
        case damaged(String)
        case later(String)
    }

    /// `nil` when another process delivered it meanwhile.
    private func read(_ name: String) throws(Unreadable) -> CollectedCrash? {
        let path = "\(folder)/\(name)"
        let bytes: [UInt8]
        do throws(CallFailure) {
            let descriptor = try Files.open(path)
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw CallFailure("fstat", path) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw CallFailure("open", path, code: ELOOP) }
            bytes = try Files.readAll(descriptor, limit: Int.max, path: path)
        } catch {
            if error.code == ENOENT { return nil }
            // A link or a folder was put there by no spool.
            if error.code == ELOOP || error.code == EISDIR { throw .damaged("not a regular file") }
            throw .later(error.description)
        }
        do throws(SpoolEntry.Damage) {
            return try SpoolEntry.decode(bytes)
        } catch {
            if error.isNewer { throw .later("\(error.reason): a later symbolist wrote it") }
            throw .damaged(error.reason)
        }
    }

    /// Moves a file out of the way, never over another one.
    private func setAside(_ name: String, _ reason: String, in report: inout SpoolDelivery) {
        do throws(CallFailure) {
            try SetAside.move(name, from: folder, into: ["damaged"], reason: reason)
            report.setAside.append(.init(name: name, reason: reason))
        } catch {
            report.left.append(.init(name: name, reason: "\(reason); it cannot be set aside: \(error)"))
        }
    }

    /// Half-written files of processes that were killed.
    private func removeLeftovers() {
        for name in (try? Files.names(in: folder)) ?? [] where name.hasPrefix(".") && name.hasSuffix(".tmp") {
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                Timestamp.now() / 1000 - Int64(status.st_mtim.tv_sec) > 3600
            else { continue }
            unlink("\(folder)/\(name)")
        }
    }
}
