import Foundation
import JobTable
import Testing

/// One empty job table of an implementation under test, and what the suite does to it from outside.
///
/// ``JobTableConformance`` asks for nothing else, so an implementation joins the suite with a bed and one line in
/// ``Implementation/all``.
protocol JobTableBed: Sendable {
    /// The table, as one process has it.
    var table: any JobTable { get }
    /// The same table through connections of its own, as another process has it.
    func another() async throws -> any JobTable
    /// Runs one statement of the public contract in another process, the database's own command line.
    ///
    /// - Returns: whether it was accepted.
    func insertElsewhere(_ sql: String) async throws -> Bool
    /// The rows of a query of the public contract, as the command line prints them.
    func query(_ sql: String) async throws -> [String]
    /// Records a change of the catalogue, as an upload does.
    func recordChange(project: String, kind: String, id: String) async throws
    /// Every recorded change, in commit order.
    func changes() async throws -> [CatalogueChange]
    /// Lets the time of every lease run out.
    func expireLeases() async throws
    /// Lets every pause run out.
    func endPauses() async throws
    /// Removes a raw event, as retention does.
    func remove(_ id: Int64) async throws
    /// How many rows of any table belong to the event.
    func rowCount(of id: Int64) async throws -> Int
}

struct CatalogueChange: Equatable, Sendable {
    var sequence: Int64
    var project: String
    var kind: String
    var id: String
}

/// A way to make beds.
struct Implementation: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var makeBed: @Sendable (_ policy: JobTablePolicy) async throws -> any JobTableBed

    static let all = [Implementation(testDescription: "SQLite", makeBed: { try await SQLiteBed(policy: $0) })]

    func bed(_ policy: JobTablePolicy = JobTablePolicy()) async throws -> any JobTableBed {
        try await makeBed(policy)
    }
}

/// Reproducible choices: the same seed, the same run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

extension EnrichedResult {
    /// A small result for tests that do not care what it says.
    static func sample(
        _ text: String = "{}", awaited: [AwaitedID] = [], sequence: Int64 = 0
    ) -> EnrichedResult {
        EnrichedResult(
            document: .bytes(Array(text.utf8)), status: awaited.isEmpty ? .complete : .partial, awaited: awaited,
            catalogueSequence: sequence)
    }
}

extension JobTable {
    /// Adds `count` events and leases them all.
    func leased(_ count: Int = 1, owner: String = "a") async throws -> [LeasedJob] {
        for number in 0..<count { _ = try await enqueue(NewRawEvent(payload: .text("\(number)"))) }
        return try await lease(limit: count, owner: owner, duration: .seconds(600))
    }
}
