import CrashEvent
import Foundation
import Testing

@testable import Rendering

/// The events of `Events/`; its README says what each is.
enum Events {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    static let names = [
        "async-core", "columns", "cxx-threads", "hostile", "no-frames", "python-exceptions", "sanitizer", "swift-async",
        "swift-fatal-error", "swift-inlined", "unresolved",
    ]

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: "Events/\(name).json")))
    }

    static func story(_ name: String, limits: StoryLimits = StoryLimits()) throws -> EventStory {
        EventStory(try JSONDocument(try bytes(name)), limits: limits)
    }

    static func story(json: String, limits: StoryLimits = StoryLimits()) throws -> EventStory {
        EventStory(try JSONDocument(Array(json.utf8)), limits: limits)
    }

    /// The text of an event that has one thread with these frames, given innermost first as JSON.
    static func text(frames: [String], options: TextOptions = TextOptions()) throws -> String {
        let list = frames.reversed().joined(separator: ",")
        let json = #"{"exception":{"values":[{"type":"T","stacktrace":{"frames":[\#(list)]}}]}}"#
        return EventText(try story(json: json), options: options).render()
    }
}
