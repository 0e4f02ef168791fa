import ParserTasks

/// What an index is wanted of: an object and the files that are used with it, by their digests.
struct IndexRequest: Sendable, Hashable {
    /// A file beside the object.
    struct Input: Sendable, Hashable {
        var role: BuildSource.Role
        var digest: String
        /// For messages.
        var name: String
    }

    /// SHA-256 of the object.
    let object: String
    /// For messages.
    let name: String
    /// By role and digest.
    let inputs: [Input]
    /// What the index is kept under.
    let key: String

    init(object: String, name: String, inputs: [Input] = []) {
        self.object = object
        self.name = name
        self.inputs = inputs.sorted { ($0.role.rawValue, $0.digest) < ($1.role.rawValue, $1.digest) }
        key = IndexKey.make(object: object, inputs: inputs.map { ($0.role.rawValue, $0.digest) })
    }
}
