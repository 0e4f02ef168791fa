import CrashEvent
import CrashReports
import DebugFiles
import JobTable
import ParserTasks
import Symbolication

/// What an event's kept dump says today.
struct DumpRenewal: Sendable {
    /// The event with the stacks that today's files give, or with a word on why they are still those that it came with;
    /// `nil` leaves it as it is.
    var event: [UInt8]?
    /// Modules that frames lie in and that no executable or library is there for.
    var lacking: [String] = []
    /// The newest change of the catalogue that the answer can know of.
    var catalogueSequence: Int64?

    /// The ids that an upload could make the stacks better under.
    var awaited: [AwaitedID] {
        lacking.compactMap(CatalogueID.buildID).map { AwaitedID(kind: $0.kind.rawValue, id: $0.id, lacks: .object) }
    }
}

extension DumpReader {
    /// Unwinds the dump that an event names again, when there are more executables and libraries today than it was unwound
    /// with: those that come late make complete stacks.
    ///
    /// Only when all that were used before are there, too: a dump that was unwound on the machine of the crash, with that
    /// machine's libraries, keeps these stacks until the store has as many. A blob that is missing or damaged leaves the
    /// event's own stacks, and the event says so.
    /// - Parameters:
    ///   - referenced: The images that the event's frames lie in.
    /// - Returns: `nil` for an event that names no dump.
    func renewal(
        of event: CrashEvent, _ referenced: [ImageRequest], project: String
    ) async throws(EnrichmentError) -> DumpRenewal? {
        guard let kept = KeptDump(in: event.document) else { return nil }
        var renewal = DumpRenewal()
        let modules = referenced.compactMap { image in
            image.codeID.map { id in
                DumpModule(path: image.codeFile ?? "", buildID: id, start: 0, end: 0, isExecutable: true)
            }
        }.filter { !Self.isOfTheKernel($0) }
        let offers = try await source.unwindingFiles(for: modules, project: project)
        renewal.catalogueSequence = offers.catalogueSequence
        let there = offers.objects
        renewal.lacking = Set(modules.compactMap(\.buildID)).subtracting(there).sorted()
        guard there.isStrictSuperset(of: kept.unwoundWith) else { return renewal }
        do throws(Problem) {
            let dump = try await unwindAgain(kept, project)
            renewal.event = try Self.renewed(event, with: dump)
            renewal.lacking = dump.lacking
            renewal.catalogueSequence = [renewal.catalogueSequence, dump.catalogueSequence].compactMap { $0 }.min()
        } catch {
            switch error {
            case .outage(let error): throw error
            case .dump(let reason):
                renewal.event = try EventChange.apply(to: event.document.bytes) { document, patch in
                    patch.set(
                        document.root, path: KeptDump.path + ["problem"],
                        to: JSONWriter.string("the stacks are those that the event came with: \(reason)"))
                }
            }
        }
        return renewal
    }

    private enum Problem: Error {
        /// The dump: the event is enriched without it.
        case dump(String)
        case outage(EnrichmentError)
    }

    private func unwindAgain(_ kept: KeptDump, _ project: String) async throws(Problem) -> ReadDump {
        guard let storage else { throw .dump("there is no debug-file store that could hold the dump") }
        let blob: FileDescriptor
        do throws(BlobStorageError) {
            blob = try await storage.openVerified(kept.digest)
        } catch {
            switch error {
            case .unavailable: throw .outage(.unavailable(error.description))
            default: throw .dump("the kept dump: \(error.description)")
            }
        }
        do throws(EnrichmentError) {
            guard case .dump(let dump) = try await read(blob, name: "dump \(kept.digest)", project: project) else {
                throw .notUnderstood("blob \(kept.digest) holds no dump")
            }
            return dump
        } catch {
            switch error {
            case .notUnderstood(let reason): throw .dump(reason)
            case .temporary, .unavailable: throw .outage(error)
            }
        }
    }

    /// The event with another's stacks and images; all else is as it came.
    private static func renewed(_ event: CrashEvent, with dump: ReadDump) throws(Problem) -> [UInt8] {
        do throws(EnrichmentError) {
            let new: CrashEvent
            do throws(CrashEventError) {
                new = try CrashEvent(dump.report.event)
            } catch {
                throw .notUnderstood(error.description)
            }
            return try EventChange.apply(to: event.document.bytes) { document, patch in
                func take(_ path: String...) {
                    var node: JSONNode? = new.document.root
                    for key in path { node = node.flatMap { new.document.member(key, of: $0) } }
                    guard let node, patch.canSet(document.root, path: path) else { return }
                    patch.set(document.root, path: path, to: Array(new.document.rawBytes(of: node)))
                }
                take("threads")
                take("debug_meta")
                // Also where there is nothing to say any more.
                for key in ["core", "minidump"] {
                    if let contexts = document.member("contexts", of: document.root) {
                        patch.remove(contexts, key: key)
                    }
                    take("contexts", key)
                }
                patch.set(
                    document.root, path: KeptDump.path + ["unwound_with"], to: KeptDump.list(dump.unwoundWith))
                // The reason may be better than the dump's: somebody had standard error.
                guard let old = event.exceptions.last, let exception = new.exceptions.last else {
                    return take("exception")
                }
                patch.remove(old.node, key: "raw_stacktrace")
                for key in ["thread_id", "stacktrace"] {
                    guard let node = new.document.member(key, of: exception.node) else { continue }
                    patch.set(old.node, key: key, to: Array(new.document.rawBytes(of: node)))
                }
            }
        } catch {
            throw .dump(error.description)
        }
    }
}
