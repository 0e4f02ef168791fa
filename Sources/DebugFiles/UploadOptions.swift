/// How an upload is to be done.
public struct UploadOptions: Sendable {
    /// Uploads to `default` are seen by every project.
    public var project = "default"
    /// Said of the build, beside or instead of git.
    public var labels: [String: String] = [:]
    /// Which sources may be taken; `nil` takes none.
    public var sources: SourcePolicy?
    /// Whether `git` is asked for commit and branch.
    public var asksGit = true
    /// The caller's environment: `PATH` and `HOME` for `git`.
    public var environment: [String: String] = [:]
    /// Whether the indexes of what was stored are built when everything is, so that the first crash finds them. Else the
    /// first event that needs one waits for it.
    public var buildsIndexes = false

    /// Defaults: project `default`, no sources, no indexes.
    public init() {}
}
