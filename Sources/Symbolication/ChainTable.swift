internal import CrashEvent
internal import SymbolIndex

/// A function's names, once for all frames of the event that are in it.
struct ResolvedFunction: Sendable {
    var name: String
    /// `nil` when it is the same as `name`.
    var fullName: String?
    var linkageName: String?
    var language: FunctionLanguage
    var isFromSymbolTable: Bool
    /// TEXT of `Swift runtime failure: TEXT`.
    var runtimeFailure: String?
}

/// One entry of an inline chain.
struct ChainEntry: Sendable {
    /// Position in `ChainTable.functions`; -1 when only a line is known.
    var function: Int32
    /// Position in `ChainTable.files`; -1 when unknown.
    var file: Int32
    /// 1-based, 0 none.
    var line: UInt32
    var column: UInt32
    var isCompilerGenerated: Bool
    var isInApp = false
    /// See `InAppRules.Verdict`.
    var isFirm = false
}

/// The answer for one place: entries innermost first.
struct Chain: Sendable {
    var entries: Range<Int>
    /// From the image's start to the entry of the physical function.
    var entryOffset: UInt64?
    /// Whether the physical function is where the kernel returns from a signal handler.
    var isTrampoline: Bool
}

/// Inline chains by place, each looked up once per event: a stack overflow of 200,000 frames repeats a handful of them.
///
/// Strings are made once per function and file, chains are ranges of one array.
struct ChainTable: Sendable {
    enum Answer: Sendable {
        case chain(Int)
        case hole
        case damaged(String)
        /// The event's limit of chains is used up.
        case limit
    }

    /// A path in one image; texts belong to images.
    struct File: Sendable {
        var image: Int
        var path: String
        /// `<compiler-generated>`: a path without a file.
        var isCompilerGenerated: Bool
    }

    private struct Key: Hashable {
        var image: Int
        var number: UInt32
    }

    private struct VerdictKey: Hashable {
        var function: Int32
        var file: Int32
        var image: Int
    }

    private(set) var functions: [ResolvedFunction] = []
    private(set) var files: [File] = []
    private(set) var entries: [ChainEntry] = []
    private(set) var chains: [Chain] = []
    private var answers: [EventAddresses.Place: Answer] = [:]
    private var functionNumbers: [Key: Int32] = [:]
    private var fileNumbers: [Key: Int32] = [:]
    private var verdicts: [VerdictKey: InAppRules.Verdict] = [:]
    private let indexes: [Int: SymbolIndex]
    private let links: [Int: LinkAddresses]
    private let imagePaths: [Int: String]
    private let rules: InAppRules
    private let entryLimit: Int
    /// Images in which an entry has shown that the application's Swift code has debug information.
    private var describedImages = Set<Int>()
    /// Entries that are known from the symbol table only and that no rule knows.
    private var bareEntries: [(entry: Int, image: Int)] = []
    private var nameBytes = 0
    private(set) var limitReached = false

    /// Longer names are cut: no real name comes near, and a hostile index could repeat one long name in every function.
    static let maximumNameBytes = 16 << 10
    /// Bytes of all names and paths together.
    static let maximumNamesBytes = 256 << 20

    init(
        indexes: [Int: SymbolIndex], links: [Int: LinkAddresses], imagePaths: [Int: String], rules: InAppRules,
        entryLimit: Int
    ) {
        self.indexes = indexes
        self.links = links
        self.imagePaths = imagePaths
        self.rules = rules
        self.entryLimit = entryLimit
    }

    /// The chain at `place`. The image must have an index.
    mutating func answer(_ place: EventAddresses.Place) -> Answer {
        if let known = answers[place] { return known }
        let answer = look(up: place)
        // Nothing is remembered behind the limit, or a hostile event could fill memory with refusals.
        if !limitReached { answers[place] = answer }
        return answer
    }

    /// Whether exactly at `place` a signal trampoline starts. Makes no chain: almost no place asked about is one.
    func trampolineStarts(at place: EventAddresses.Place) -> Bool {
        guard !limitReached, let index = indexes[place.image] else { return false }
        guard let address = links[place.image]?.address(atOffset: place.offset),
            let location = try? index.lookup(address), let function = location.physicalFunction,
            function.entryAddress == address
        else { return false }
        return SignalTrampoline.isOne((function.linkageName ?? function.name).string)
    }

    private mutating func look(up place: EventAddresses.Place) -> Answer {
        // Behind the limit nothing is looked up either: a hostile index makes every look-up a walk of thousands of
        // scopes.
        guard !limitReached else { return .limit }
        guard let index = indexes[place.image] else { return .hole }
        guard let address = links[place.image]?.address(atOffset: place.offset) else { return .hole }
        let location: IndexedLocation?
        do throws(SymbolIndexError) {
            location = try index.lookup(address)
        } catch {
            return .damaged("\(error)")
        }
        guard let location else { return .hole }
        guard entries.count + location.frameCount <= entryLimit, nameBytes < Self.maximumNamesBytes else {
            limitReached = true
            return .limit
        }
        let start = entries.count
        var physical: IndexedFunction?
        for frame in location.frames {
            physical = frame.function
            entries.append(
                ChainEntry(
                    function: frame.function.map { number(of: $0, image: place.image) } ?? -1,
                    file: number(ofFile: frame, image: place.image), line: frame.line, column: frame.column,
                    isCompilerGenerated: frame.isCompilerGenerated))
        }
        guard entries[start...].contains(where: { $0.function >= 0 || $0.file >= 0 }) else {
            entries.removeLast(entries.count - start)
            return .hole
        }
        judge(start..<entries.count, image: place.image)
        let entryOffset = physical?.entryAddress.flatMap { links[place.image]?.offset(ofAddress: $0) }
        let outermost = entries[entries.count - 1].function
        let names = outermost >= 0 ? functions[Int(outermost)] : nil
        let isTrampoline = names.map { SignalTrampoline.isOne($0.linkageName ?? $0.name) } ?? false
        chains.append(
            Chain(entries: start..<entries.count, entryOffset: entryOffset, isTrampoline: isTrampoline))
        return .chain(chains.count - 1)
    }

    /// Decides `in_app` from the outside in, since a thunk is like what contains it.
    private mutating func judge(_ range: Range<Int>, image: Int) {
        // A mangled Swift name without a module at the outside is glue between conventions, nobody's own code.
        let outermost = entries[range.upperBound - 1].function
        var outer = outermost < 0 || functions[Int(outermost)].linkageName?.hasPrefix("$s") != true
        for position in range.reversed() {
            let verdict = verdict(entries[position], image: image)
            entries[position].isInApp = verdict.isInApp ?? outer
            entries[position].isFirm = verdict.isFirm
            outer = entries[position].isInApp
            if outer, !verdict.isFirm { noteEvidence(position, image: image) }
        }
    }

    private mutating func noteEvidence(_ position: Int, image: Int) {
        let entry = entries[position]
        guard entry.function >= 0 else { return }
        let function = functions[Int(entry.function)]
        if function.isFromSymbolTable {
            if function.language == .cpp || function.language == .other { bareEntries.append((position, image)) }
        } else if function.language == .swift, entry.file >= 0, !files[Int(entry.file)].isCompilerGenerated {
            describedImages.insert(image)
        }
    }

    /// To be called when all frames were looked up: whoever compiles Swift code with debug information has it for the
    /// C and C++ code of the same build as well. What else the same file holds, with a name and no source, came out of
    /// a library that was built elsewhere, most of all the statically linked runtime and Foundation, whose `static`
    /// functions have names that no list can know (`containsKey`, `subQuickSort`).
    mutating func settle() {
        for (entry, image) in bareEntries where describedImages.contains(image) { entries[entry].isInApp = false }
        bareEntries = []
    }

    /// The rules read texts; what they said about a function in a file holds for the whole event.
    private mutating func verdict(_ entry: ChainEntry, image: Int) -> InAppRules.Verdict {
        let key = VerdictKey(function: entry.function, file: entry.file, image: image)
        if let known = verdicts[key] { return known }
        let function = entry.function >= 0 ? functions[Int(entry.function)] : nil
        let file = entry.file >= 0 ? files[Int(entry.file)] : nil
        let verdict = rules.verdict(
            InAppRules.Subject(
                linkageName: function?.linkageName, fullName: function.map { $0.fullName ?? $0.name },
                language: function?.language ?? .other,
                path: file.flatMap { $0.isCompilerGenerated ? nil : $0.path }, image: imagePaths[image],
                isRuntimeFailure: function?.runtimeFailure != nil))
        verdicts[key] = verdict
        return verdict
    }

    // MARK: - Strings

    private mutating func number(of function: IndexedFunction, image: Int) -> Int32 {
        let key = Key(image: image, number: function.index)
        if let known = functionNumbers[key] { return known }
        let linkageName = function.linkageName.map { text($0) }
        var name = text(function.name)
        var fullName: String? = text(function.fullName)
        if name.isEmpty { name = linkageName ?? "" }
        if fullName == name || fullName?.isEmpty == true { fullName = nil }
        let number: Int32
        if name.isEmpty {
            number = -1
        } else {
            number = Int32(functions.count)
            functions.append(
                ResolvedFunction(
                    name: name, fullName: fullName, linkageName: linkageName,
                    language: FunctionLanguage(function.language, linkageName: linkageName ?? name),
                    isFromSymbolTable: function.isFromSymbolTable, runtimeFailure: RuntimeFailure.text(inName: name)))
        }
        functionNumbers[key] = number
        return number
    }

    private mutating func number(ofFile frame: IndexedFrame, image: Int) -> Int32 {
        let key = Key(image: image, number: frame.fileIndex)
        if let known = fileNumbers[key] { return known }
        guard let file = frame.file, file.utf8Count > 0 else { return -1 }
        let number = Int32(files.count)
        let path = text(file)
        files.append(File(image: image, path: path, isCompilerGenerated: path.hasSuffix("<compiler-generated>")))
        fileNumbers[key] = number
        return number
    }

    private mutating func text(_ string: IndexedString) -> String {
        nameBytes += min(string.utf8Count, Self.maximumNameBytes)
        guard string.utf8Count > Self.maximumNameBytes else { return string.string }
        return string.withUTF8 { bytes in
            var end = Self.maximumNameBytes
            while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 }
            return String(decoding: bytes[..<end], as: UTF8.self) + "…"
        }
    }
}

extension FunctionLanguage {
    /// The language an index states, else what the linkage name looks like.
    init(_ language: IndexedLanguage, linkageName: String?) {
        switch language {
        case .swift: self = .swift
        case .cpp, .objectiveCpp: self = .cpp
        case .rust: self = .rust
        case .unknown, .other: self = FunctionLanguage(linkageName: linkageName ?? "")
        default: self = .other
        }
    }

    /// The language of a mangled name.
    init(linkageName: String) {
        if ModuleName.swiftModule(mangled: linkageName) != nil || linkageName.hasPrefix("$s") {
            self = .swift
        } else if linkageName.hasPrefix("_R") || (linkageName.hasPrefix("_ZN") && Self.endsInRustHash(linkageName)) {
            self = .rust
        } else if linkageName.hasPrefix("_Z") {
            self = .cpp
        } else {
            self = .other
        }
    }

    /// The language of a name as a report prints it, mangled or not.
    ///
    ///     core[c1f1a4ba060b9bfa]::fmt::write, till::pick::h0123456789abcdef    Rust
    ///     std::terminate()                                                     C++
    init(reportedName name: String, path: String?) {
        self = FunctionLanguage(linkageName: name)
        guard self == .other else { return }
        if path?.hasSuffix(".rs") == true {
            self = .rust
        } else if SystemCode.contains(name, "::") {
            self = SystemCode.contains(name, "]::") || Self.endsInPrintedRustHash(name) ? .rust : .cpp
        }
    }

    /// `…::h0123456789abcdef`.
    private static func endsInPrintedRustHash(_ name: String) -> Bool {
        let tail = Array(name.utf8.suffix(19))
        return tail.count == 19 && tail.starts(with: "::h".utf8)
            && tail.dropFirst(3).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Rust's legacy mangling is C++'s with a hash as last component: `…17h0123456789abcdefE`.
    private static func endsInRustHash(_ name: String) -> Bool {
        let tail = Array(name.utf8.suffix(20))
        return tail.count == 20 && tail.starts(with: "17h".utf8) && tail[19] == UInt8(ascii: "E")
    }
}

/// The frames that Swift's compiler inlines to say why it traps.
enum RuntimeFailure {
    /// The exception type that names them.
    static let exceptionType = "Swift runtime failure"
    private static let prefix = "Swift runtime failure: "

    /// `Swift runtime failure: Index out of range` → `Index out of range`.
    static func text(inName name: String) -> String? {
        guard name.hasPrefix(prefix), name.utf8.count > prefix.utf8.count else { return nil }
        return String(name.dropFirst(prefix.count))
    }
}
