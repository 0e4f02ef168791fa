import Bytes
import Glibc
import SymbolIndex

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

/// Maps bytes through a nameless temporary file.
func mapped(_ bytes: [UInt8]) throws -> MappedFile {
    var path = Array("/tmp/symbolist-index-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw MappedFileError.system(operation: "mkstemp", path: "/tmp", errno: errno) }
    defer { close(descriptor) }
    unlink(path)
    guard bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else {
        throw MappedFileError.system(operation: "write", path: "/tmp", errno: errno)
    }
    return try MappedFile(descriptor: descriptor, name: "index")
}

func opened(_ content: SymbolIndexContent) throws -> SymbolIndex {
    try SymbolIndex(mapped(try SymbolIndexWriter.encode(content)))
}
