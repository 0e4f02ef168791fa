/// What is fuzzed: everything that reads bytes of strangers, each by one function that takes any bytes at all.
///
///     seed ─▶ Mutator ─▶ FuzzTarget.run ─▶ an answer or a typed error; a trap, a sanitizer's report or a hang is a find
///
/// Two programs drive the same functions: `fuzz-runner` over seeded mutations (the short run of `make test`, and long ones),
/// and libFuzzer, guided by coverage (`make fuzz`).
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// An index file: `SymbolIndex`.
    case index
    /// An object with up to one file beside it: inspection, builder, and the reader over what the builder wrote.
    case object
    /// Names: one a line.
    case names
    /// Dumps that are text: recognition, every format's decoder, JSON, events, patches.
    case dump
    /// Cores and minidumps, with up to one file for their modules: inspection and unwinding.
    case threads
    /// Compressed dumps.
    case expand
    /// Events, rendered in every form.
    case render

    /// Runs the target over an input.
    ///
    /// Returns a number made of everything that was read, so that nothing can be left out; 0 when nothing was understood.
    @discardableResult
    public func run(_ bytes: [UInt8]) -> Int {
        switch self {
        case .index: IndexReading.run(bytes)
        case .object: ObjectBuilding.run(bytes)
        case .names: NameReading.run(bytes)
        case .dump: DumpReading.run(bytes)
        case .threads: ThreadReading.run(bytes)
        case .expand: Expanding.run(bytes)
        case .render: StoryRendering.run(bytes)
        }
    }

    /// A changed copy of `seed`, the same for the same state of `random`. Knows the target's format.
    public func mutate(_ seed: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        switch self {
        case .index: IndexMutator.mutate(seed, &random)
        case .object: ObjectMutator.mutate(seed, &random)
        case .names, .dump, .threads, .expand, .render: ByteMutator.mutate(seed, &random)
        }
    }

    /// The input that a fixture makes: an index is built of an object first. `nil` when it cannot serve.
    public func seed(from fixture: [UInt8]) -> [UInt8]? {
        guard self == .index, fixture.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return fixture }
        return ObjectBuilding.index(of: ObjectInput(fixture))
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers for the same seed, everywhere.
public struct FuzzRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator whose numbers depend on both arguments.
    public init(seed: UInt64, input: UInt64 = 0) {
        state = seed &+ input &* 0xd134_2543_de82_ef95
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A number of `0..<limit`; 0 when there is none.
    public mutating func below(_ limit: Int) -> Int {
        limit > 1 ? Int(truncatingIfNeeded: next() % UInt64(limit)) : 0
    }

    /// A byte.
    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
}
