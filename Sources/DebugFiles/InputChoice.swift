import ParserTasks

/// Which of the files that an object refers to are used for its index.
struct InputChoice: Sendable {
    /// At most ``BuildSource/inputLimit``.
    var inputs: [IndexRequest.Input] = []
    /// What the object wants and nobody has.
    var absent: [CatalogueID] = []
    /// What is there and was left out.
    var problem: String?

    /// Chooses files so that every id has one, as few as possible: a package that holds a thousand units goes before the
    /// thousand files they were packed from. The same catalogue gives the same choice.
    /// - Parameters:
    ///   - lost: Digests that must not be chosen.
    ///   - isStored: Asked of files that the catalogue says were lost: somebody may have put them back.
    static func make(
        _ companions: [Catalogue.Companion], without lost: Set<String> = [],
        isStored: (String) async -> Bool = { _ in false }
    ) async -> InputChoice {
        var choice = InputChoice()
        var files: [String: File] = [:]
        var isThere: [String: Bool] = [:]
        for (position, companion) in companions.enumerated() {
            guard let role = companion.wanted.id.kind.inputRole else {
                if companion.holders.isEmpty { choice.absent.append(companion.wanted.id) }
                continue
            }
            var isAbsent = true
            for holder in companion.holders where !lost.contains(holder.digest) {
                if holder.isLost, isThere[holder.digest] == nil {
                    isThere[holder.digest] = await isStored(holder.digest)
                }
                if holder.isLost, isThere[holder.digest] != true { continue }
                isAbsent = false
                files[holder.digest, default: File(holder, role, companion.wanted.name)].held.append(position)
            }
            if isAbsent { choice.absent.append(companion.wanted.id) }
        }
        var covered: Set<Int> = []
        var omitted = 0
        for file in files.values.sorted(by: File.isBetter) {
            let own = file.held.filter { !covered.contains($0) }
            guard !own.isEmpty else { continue }
            guard choice.inputs.count < BuildSource.inputLimit else {
                omitted += 1
                continue
            }
            covered.formUnion(own)
            let name = file.name.split(separator: "/").last.map { String($0.prefix(200)) } ?? ""
            choice.inputs.append(.init(role: file.role, digest: file.holder.digest, name: name))
        }
        if omitted > 0 {
            choice.problem =
                "\(omitted) more files with parts of its debug information are stored than one build takes "
                + "(\(BuildSource.inputLimit)); pack its split units with llvm-dwp and upload the package"
        }
        return choice
    }

    private struct File {
        var holder: Catalogue.Companion.Holder
        var role: BuildSource.Role
        /// As the object spells one of its ids' files.
        var name: String
        /// Positions of the ids that it has.
        var held: [Int] = []

        init(_ holder: Catalogue.Companion.Holder, _ role: BuildSource.Role, _ name: String) {
            self.holder = holder
            self.role = role
            self.name = name
        }

        /// Supplementary files first, since everything may refer to them; then by what a file brings.
        static func isBetter(_ left: File, _ right: File) -> Bool {
            let isShared = (left.role == .supplementary ? 0 : 1, right.role == .supplementary ? 0 : 1)
            if isShared.0 != isShared.1 { return isShared.0 < isShared.1 }
            return (right.held.count, right.holder.quality, right.holder.addedAt, left.holder.digest)
                < (left.held.count, left.holder.quality, left.holder.addedAt, right.holder.digest)
        }
    }
}

/// Keeps what objects want from being asked at every event: it changes only when the catalogue does.
actor RecentCompanions {
    private struct Place: Hashable {
        var digest: String
        var project: String
    }

    private var sequence: Int64 = -1
    private var known: [Place: [Catalogue.Companion]] = [:]

    func get(_ digest: String, _ context: Resolver.Context) -> [Catalogue.Companion]? {
        context.sequence == sequence ? known[Place(digest: digest, project: context.project)] : nil
    }

    func put(_ companions: [Catalogue.Companion], _ digest: String, _ context: Resolver.Context) {
        // What was read after a newer change may hold more than its sequence says, never less.
        guard context.sequence >= sequence else { return }
        if context.sequence > sequence || known.count >= 64 { known = [:] }
        sequence = context.sequence
        known[Place(digest: digest, project: context.project)] = companions
    }
}
