public import Foundation

/// Where an event stands.
public enum JobState: String, Codable, Sendable, CaseIterable {
    /// May be leased now.
    case ready
    /// Will be ready after a pause.
    case backingOff = "backing_off"
    /// A worker holds it.
    case leased
    /// Has a result, and waits for nothing but late symbols.
    case done
    /// Could not be processed.
    case dead
}

/// Which events to list; what is `nil` does not restrict.
public struct EventFilter: Sendable, Equatable {
    /// Of this project.
    public var project: String?
    /// In this state.
    public var state: JobState?
    /// Whose latest result has this status.
    public var status: EventStatus?
    /// Whose latest result has this release.
    public var release: String?
    /// Whose latest result has this environment.
    public var environment: String?
    /// The event's own id.
    public var eventUUID: String?
    /// Not older than this.
    public var createdSince: Date?
    /// Only events older than the one of this id: the last of the page before.
    public var beforeID: Int64?
    /// At most so many; the newest.
    public var limit: Int

    /// Without arguments: the newest 100 events.
    public init(
        project: String? = nil, state: JobState? = nil, status: EventStatus? = nil, release: String? = nil,
        environment: String? = nil, eventUUID: String? = nil, createdSince: Date? = nil, beforeID: Int64? = nil,
        limit: Int = 100
    ) {
        self.project = project
        self.state = state
        self.status = status
        self.release = release
        self.environment = environment
        self.eventUUID = eventUUID
        self.createdSince = createdSince
        self.beforeID = beforeID
        self.limit = limit
    }
}
