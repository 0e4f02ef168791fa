internal import CrashEvent
internal import SymbolIndex

/// Which ids would make the event better.
enum AwaitedIDs {
    typealias Awaited = SymbolicationSummary.AwaitedID

    static func collect(
        _ resolved: ResolvedEvent, outcomes: [SymbolicationSummary.ImageOutcome], sources: [SourceRequest: SourceText]
    ) -> [Awaited] {
        var withoutSource = Set<Int>()
        for request in resolved.sourcesWanted where sources[request] == nil { withoutSource.insert(request.imageIndex) }
        var result: [Awaited] = []
        var seen = Set<Awaited>()
        func add(_ image: Int, _ kind: Awaited.Kind, _ id: String?, _ lack: SymbolicationSummary.Lack) {
            guard let id else { return }
            let awaited = Awaited(imageIndex: image, kind: kind, id: id, lacks: lack)
            if seen.insert(awaited).inserted { result.append(awaited) }
        }
        for outcome in outcomes {
            let index = outcome.imageIndex
            let image = resolved.event.images[index]
            func addOwn(_ lack: SymbolicationSummary.Lack) {
                add(index, .buildID, image.codeID, lack)
                add(index, .debugID, image.debugID, lack)
            }
            guard outcome.status == .found, case .found(let symbols, _, _) = resolved.answers[index] else {
                addOwn(.object)
                continue
            }
            if symbols.header.quality < .full {
                addOwn(.debugInformation)
                for input in (try? symbols.metadata())?.missingInputs ?? [] {
                    add(index, input.role == .split ? .splitUnitID : .buildID, input.id, .debugInformation)
                }
            }
            if withoutSource.contains(index) { addOwn(.sources) }
        }
        return result
    }
}

extension ResolvedEvent {
    /// Whether a frame lies in an image whose index is not complete.
    var hasIncompleteImage: Bool {
        var seen = Set<Int>()
        for trace in traces {
            for frame in trace.frames {
                guard let image = frame.image, seen.insert(image).inserted else { continue }
                if case .found(let index, _, _) = answers[image], index.header.quality < .full { return true }
            }
        }
        return false
    }
}
