/// Commit, branch and cleanliness of the git work tree that a file stands in, as `git` says.
public struct GitProvenance: Sendable, Codable, Equatable {
    /// The full hash of `HEAD`.
    public var commit: String
    /// The branch; absent on a detached `HEAD`.
    public var branch: String?
    /// Whether a tracked file differs from `HEAD`.
    public var isDirty: Bool

    /// Describes a state of a work tree.
    public init(commit: String, branch: String?, isDirty: Bool) {
        self.commit = commit
        self.branch = branch
        self.isDirty = isDirty
    }

    /// Asks `git` in `folder`; `nil` when there is no `git`, no work tree, or no answer within ten seconds a question.
    ///
    /// `git` runs without a terminal, prompts, optional locks, hooks and file-system monitor, and without the `GIT_*`
    /// variables of the caller, which inside a hook would name another repository.
    static func find(inFolder folder: String, environment: [String: String]) async -> GitProvenance? {
        var clean = environment.filter { ["PATH", "HOME", "XDG_CONFIG_HOME"].contains($0.key) }
        clean["GIT_OPTIONAL_LOCKS"] = "0"
        clean["GIT_TERMINAL_PROMPT"] = "0"
        clean["GIT_ASKPASS"] = "true"
        clean["GIT_SSH_COMMAND"] = "false"
        clean["LC_ALL"] = "C"
        let variables = clean
        func ask(_ arguments: [String]) async -> String? {
            await offCooperativePool {
                let safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", folder]
                return ChildOutput.run("git", safe + arguments, environment: variables, seconds: 10)
            }
        }
        guard let commit = await ask(["rev-parse", "--verify", "HEAD"]), commit.utf8.count >= 40 else { return nil }
        let branch = await ask(["symbolic-ref", "--quiet", "--short", "HEAD"])
        let changes = await ask(["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty"])
        return GitProvenance(commit: commit, branch: branch, isDirty: changes.map { !$0.isEmpty } ?? false)
    }
}

/// Asks `git` once a folder.
actor GitMemory {
    private var answers: [String: GitProvenance?] = [:]

    func provenance(ofFolder folder: String, _ environment: [String: String]) async -> GitProvenance? {
        if let answer = answers[folder] { return answer }
        let answer = await GitProvenance.find(inFolder: folder, environment: environment)
        answers[folder] = answer
        return answer
    }
}
