import Bytes
import Glibc

@testable import SymbolIndex

/// A small index that has one of everything.
///
///     0x1000 ┬ main.c:10 main            (row)
///     0x1010 ├ max.h:3 max ◁ helper ◁ main  (two inlined calls)
///     0x1020 ├ main.c:0 main             (compiler generated)
///     0x1030 ├ hole
///     0x2000 ├ start                     (symbol table)
///     0x2010 ├ boot.s:7                  (a line in no function)
///     0x1_0000_0000_0000 ├ far           (beyond 4 GiB, column above 65535)
///     …100   └ hole
enum Sample {
    static let far: UInt64 = 0x1_0000_0000_0000

    static var content: SymbolIndexContent {
        SymbolIndexContent(
            builderRevision: 7, baseAddress: 0x1000, machine: 62, byteOrder: .little, kind: .executable,
            quality: .full,
            loadSegments: [
                IndexedLoadSegment(fileOffset: 0, address: 0x1000, fileSize: 0x800, memorySize: 0x900, flags: 5)
            ],
            sections: [
                IndexedSection(name: ".text", number: 1, fileOffset: 0x40, address: 0x1000, size: 0x100),
                IndexedSection(name: ".text.cold", number: 7, fileOffset: 0x140, address: 0x2000, size: 0x40),
            ],
            metadata: metadata, files: ["/src/main.c", "/src/max.h", "/src/boot.s"],
            functions: [
                .init(
                    name: "main", language: .c, entryAddress: 0x1000, declarationFile: 0, declarationLine: 9),
                .init(
                    name: "helper", fullName: "helper(int)", linkageName: "_Z6helperi", language: .cpp,
                    declarationFile: 0, declarationLine: 4),
                .init(
                    name: "max", linkageName: "_Z3broken", language: .cpp, isArtificial: true, failedToDemangle: true),
                .init(name: "_start", linkageName: "_start", entryAddress: 0x2000, isFromSymbolTable: true),
                .init(name: "far", language: .swift, entryAddress: far),
            ],
            scopes: [
                .init(function: 0),
                .init(function: 1, parent: 0, callFile: 0, callLine: 11, callColumn: 5),
                .init(function: 2, parent: 1, callFile: 0, callLine: 5, callColumn: 70000),
                .init(function: 3),
                .init(function: 4),
            ],
            ranges: [
                .init(address: 0x1000, scope: 0, file: 0, line: 10, column: 3),
                .init(address: 0x1010, scope: 2, file: 1, line: 3, column: 9),
                .init(address: 0x1020, scope: 0, file: 0, line: 0, column: 0),
                .hole(0x1030),
                .init(address: 0x2000, scope: 3),
                .init(address: 0x2010, file: 2, line: 7),
                .init(address: far, scope: 4, file: 0, line: 4_000_000_000, column: 70_000),
                .hole(far + 0x100),
            ])
    }

    static var metadata: IndexMetadata {
        IndexMetadata(
            buildID: "00ff", debugID: "g-0", architecture: "x86_64",
            inputs: [.init(role: .object, digest: "ab"), .init(role: .supplementary, digest: "cd")],
            missingInputs: [.init(role: .split, id: "0123", name: "main.dwo")], unitsRead: 3, skippedUnitCount: 2,
            skippedUnits: [.init(offset: 0x1_0000_0000, reason: "ends early")], symbolsRead: 300,
            demanglingFailures: 1, deadRanges: 5, problems: [".symtab: damaged"])
    }

    /// A content of `count` ranges with chains up to `depth` deep, the same for the same seed.
    static func random(seed: UInt64, count: Int, depth: Int = 6) -> SymbolIndexContent {
        var generator = SplitMix64(state: seed)
        var content = SymbolIndexContent(metadata: metadata)
        content.files = (0..<20).map { "/source/directory\($0 % 3)/file\($0).cpp" }
        content.functions = (0..<50).map { number in
            .init(
                name: "f\(number)", fullName: "f\(number)(int, long)", linkageName: "_Z\(number)il",
                entryAddress: number % 3 == 0 ? nil : UInt64(number) * 16)
        }
        var depths: [Int] = []
        for number in 0..<max(1, count / 2) {
            let parent = number == 0 ? 0 : Int(generator.next() % UInt64(number))
            let isRoot = number == 0 || depths[parent] >= depth || generator.next() % 4 == 0
            depths.append(isRoot ? 1 : depths[parent] + 1)
            content.scopes.append(
                .init(
                    function: UInt32(generator.next() % 50), parent: isRoot ? nil : UInt32(parent),
                    callFile: isRoot || generator.next() % 9 == 0 ? nil : UInt32(generator.next() % 20),
                    callLine: isRoot ? 0 : UInt32(generator.next() % 900),
                    callColumn: isRoot ? 0 : UInt32(generator.next() % 90)))
        }
        var address: UInt64 = generator.next() % 5000
        for _ in 0..<count {
            if generator.next() % 8 == 0 {
                content.ranges.append(.hole(address))
            } else {
                content.ranges.append(
                    .init(
                        address: address,
                        scope: generator.next() % 6 == 0
                            ? nil : UInt32(generator.next() % UInt64(content.scopes.count)),
                        file: generator.next() % 6 == 0 ? nil : UInt32(generator.next() % 20),
                        line: UInt32(generator.next() % 5000), column: UInt32(generator.next() % 200)))
            }
            address += 1 + generator.next() % (generator.next() % 50 == 0 ? 1 << 40 : 60)
        }
        content.ranges.append(.hole(address))
        return content
    }
}

/// A small deterministic generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// What an index must answer, found by walking the content by hand.
struct Line: Equatable, CustomStringConvertible {
    var text: String
    var description: String { text }

    init(_ frame: IndexedFrame) {
        let place = "\(frame.file?.string ?? "?"):\(frame.line):\(frame.column)"
        text = "\(frame.function?.name.string ?? "?") \(place)"
        if frame.isInlined { text += " inlined" }
        if frame.isCallSite { text += " call" }
        if frame.isCompilerGenerated { text += " generated" }
    }

    /// The frames of an address; `nil` in a hole.
    static func chain(_ index: SymbolIndex, _ address: UInt64) throws -> [String]? {
        try index.lookup(address).map { $0.frames.map { Line($0).text } }
    }

    /// The same by the content.
    static func expected(_ content: SymbolIndexContent, _ address: UInt64) -> [String]? {
        // The last range that begins at or before the address.
        var low = 0
        var high = content.ranges.count
        while low < high {
            let middle = (low + high) / 2
            if content.ranges[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, !content.ranges[low - 1].isHole else { return nil }
        let range = content.ranges[low - 1]
        var result: [String] = []
        func place(_ file: UInt32?, _ line: UInt32, _ column: UInt32) -> String {
            "\(file.map { content.files[Int($0)] } ?? "?"):\(line):\(column)"
        }
        var (file, line, column) = (range.file, range.line, range.column)
        var scope = range.scope
        repeat {
            let record = scope.map { content.scopes[Int($0)] }
            let name = record.map { content.functions[Int($0.function)].name } ?? "?"
            var text = "\(name) \(place(file, line, column))"
            if record?.parent != nil { text += " inlined" }
            if !result.isEmpty { text += " call" }
            if line == 0, file != nil { text += " generated" }
            result.append(text)
            (file, line, column) = (record?.callFile, record?.callLine ?? 0, record?.callColumn ?? 0)
            scope = record?.parent
        } while scope != nil
        return result
    }
}

/// A nameless temporary file that is written and mapped again and again.
final class Scratch {
    private let descriptor: Int32

    init() throws {
        var path = Array("/tmp/symbolist-index-XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw MappedFileError.system(operation: "mkstemp", path: "/tmp", errno: errno) }
        unlink(path)
    }

    deinit { close(descriptor) }

    /// The bytes, mapped. What was mapped before must not be used any more.
    func mapped(_ bytes: [UInt8]) throws -> MappedFile {
        guard ftruncate(descriptor, bytes.count) == 0,
            bytes.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == bytes.count
        else { throw MappedFileError.system(operation: "pwrite", path: "/tmp", errno: errno) }
        return try MappedFile(descriptor: descriptor, name: "index")
    }
}

/// Maps bytes through a nameless temporary file.
func mapped(_ bytes: [UInt8]) throws -> MappedFile {
    try Scratch().mapped(bytes)
}

func opened(_ content: SymbolIndexContent) throws -> SymbolIndex {
    try SymbolIndex(mapped(try SymbolIndexWriter.encode(content)))
}

/// Indexes of earlier versions.
enum Fixture {
    static func bytes(_ name: String) throws -> [UInt8] {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        return try MappedFile(path: "\(root)/Fixtures/Indexes/\(name).symindex").withUnsafeBytes { Array($0) }
    }
}

/// Memory for a flat look-up.
struct FlatAnswers {
    var frames: [FlatFrame]
    var ends: [UInt32]

    init(addresses: Int, frames: Int) {
        let nothing = FlatFrame(function: .max, fileIndex: .max, line: 0, column: 0)
        self.frames = Array(repeating: nothing, count: frames)
        ends = Array(repeating: 0, count: addresses)
    }

    /// - Returns: The number of addresses answered.
    @discardableResult
    mutating func ask(_ index: SymbolIndex, _ addresses: [UInt64]) throws(SymbolIndexError) -> Int {
        let result: Result<Int, SymbolIndexError> = addresses.withUnsafeBufferPointer { addresses in
            frames.withUnsafeMutableBufferPointer { frames in
                ends.withUnsafeMutableBufferPointer { ends in
                    do throws(SymbolIndexError) {
                        return .success(try index.lookup(sorted: addresses, frames: frames, ends: ends))
                    } catch { return .failure(error) }
                }
            }
        }
        return try result.get()
    }

    /// The frames of address `position` as `Line` writes them.
    func chain(_ position: Int) -> [String] {
        func text(_ start: UnsafePointer<UInt8>?, _ length: UInt32) -> String {
            start.map { String(decoding: UnsafeBufferPointer(start: $0, count: Int(length)), as: UTF8.self) } ?? "?"
        }
        let first = position == 0 ? 0 : Int(ends[position - 1])
        let last = Int(ends[position])
        return (first..<last).map { number in
            let frame = frames[number]
            let file = text(frame.file, frame.fileLength)
            var line = "\(text(frame.name, frame.nameLength)) \(file):\(frame.line):\(frame.column)"
            if number < last - 1 { line += " inlined" }
            if number > first { line += " call" }
            if frame.line == 0, frame.fileIndex != .max { line += " generated" }
            return line
        }
    }
}

extension Sample {
    /// Ranges a few bytes long, as optimised code has them, with places near the declarations, seldom elsewhere.
    static func dense(seed: UInt64, count: Int) -> SymbolIndexContent {
        var content = random(seed: seed, count: count)
        var generator = SplitMix64(state: seed &+ 77)
        for number in content.functions.indices {
            content.functions[number].declarationFile = number % 7 == 0 ? nil : UInt32(number % 20)
            content.functions[number].declarationLine = UInt32(generator.next() % 3000)
            if number % 5 == 0 { content.functions[number].fullName = "void f\(number)(int)" }
        }
        var address: UInt64 = 0x40_0000 + generator.next() % 64
        for number in content.ranges.indices {
            content.ranges[number].address = address
            address += 1 + generator.next() % (generator.next() % 40 == 0 ? 700 : 12)
            guard let scope = content.ranges[number].scope, generator.next() % 8 != 0 else { continue }
            let function = content.functions[Int(content.scopes[Int(scope)].function)]
            content.ranges[number].file = function.declarationFile
            content.ranges[number].line = function.declarationLine + UInt32(generator.next() % 40)
        }
        return content
    }
}
