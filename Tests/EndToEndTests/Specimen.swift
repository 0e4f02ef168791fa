import Foundation

/// A binary to compare answers on, and how it is made.
struct Specimen: Sendable, CustomStringConvertible {
    let description: String
    /// Shell words that make `program` in the current folder.
    let command: String

    static let compiled: [Specimen] = ["-O0", "-O2"].flatMap { level in
        ["-gdwarf-4", "-gdwarf-5"].flatMap { version in
            [
                cxx("g++", level, version), cxx("clang++", level, version), c("gcc", level, version),
                c("clang", level, version),
            ]
        }
    }

    /// Other shapes of the same information: a linker that compiles, type units, line tables and inlining alone, 64-bit
    /// DWARF, old versions. GNU's tool gets lost in most of them.
    static let shapes: [Specimen] = [
        cxx("g++", "-O2 -flto", "-gdwarf-5"), cxx("g++", "-O2 -fdebug-types-section", "-gdwarf-4"),
        cxx("clang++", "-O2", "-g1"), cxx("g++", "-O2 -gdwarf64", "-gdwarf-5"), cxx("clang++", "-O2", "-gdwarf-2"),
        cxx("g++", "-Os -ffunction-sections -Wl,--gc-sections", "-gdwarf-3"),
    ]

    static let recordedTill = Specimen(
        description: "till.debug as recorded", command: "cp '\(Till.recorded)/till.debug' program")

    static func freshTill() async throws -> Specimen {
        let build = try await Till.shared.value().build
        return Specimen(description: "Till built now", command: "cp '\(build)/release/Till' program")
    }

    static let rust = Specimen(
        description: "rustc -O", command: "rustc -O -g -C overflow-checks=on -o program shelf.rs")

    static let hasRust =
        ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: "\($0)/rustc") } ?? false

    static func cxx(_ compiler: String, _ level: String, _ version: String) -> Specimen {
        Specimen(
            description: "\(compiler) \(level) \(version)",
            command:
                "\(compiler) -std=c++17 \(level) -g \(version) -o program '\(Tool.root)/Fixtures/Ledger/ledger.cpp'")
    }

    static func c(_ compiler: String, _ level: String, _ version: String) -> Specimen {
        Specimen(
            description: "\(compiler) \(level) \(version)",
            command: "\(compiler) \(level) -g \(version) -o program '\(Tool.root)/Fixtures/Ledger/journal.c'")
    }

    /// Makes the binary; its path.
    func make(in scratch: Scratch) async throws -> String {
        _ = try scratch.write(Self.rustSource, to: "shelf.rs")
        let made = try await Tool.shell(command, folder: scratch.folder)
        guard made.status == 0 else { throw FixtureError(reason: made.all) }
        return scratch.path("program")
    }

    private static let rustSource = #"""
        use std::collections::BTreeMap;
        trait Weighed { fn weight(&self) -> u64; }
        struct Book { title: String, pages: u32 }
        impl Weighed for Book {
            #[inline]
            fn weight(&self) -> u64 { u64::from(self.pages) * 3 + self.title.len() as u64 }
        }
        mod shelf {
            use super::{Book, Weighed};
            #[inline(always)]
            fn heavier(a: &Book, b: &Book) -> bool { a.weight() > b.weight() }
            #[inline(never)]
            pub fn heaviest(books: &[Book]) -> Option<&Book> {
                let mut best: Option<&Book> = None;
                for book in books {
                    if best.map_or(true, |other| heavier(book, other)) { best = Some(book); }
                }
                best
            }
        }
        fn main() {
            let mut counts: BTreeMap<String, u32> = BTreeMap::new();
            for word in std::env::args() { *counts.entry(word).or_insert(0) += 1; }
            let books: Vec<Book> =
                counts.iter().map(|(title, pages)| Book { title: title.clone(), pages: *pages }).collect();
            println!("{}", shelf::heaviest(&books).map_or("", |book| &book.title));
        }
        """#
}

/// What `readelf` says of a binary: facts that the rules about differences lean on.
struct BinaryFacts: Sendable {
    struct Symbol: Sendable {
        let address: UInt64
        let size: UInt64
        let name: String
    }

    let text: Range<UInt64>
    /// Functions and labels of `.text`, by address.
    let symbols: [Symbol]
    /// Names of the symbol table's `STT_FILE` entries.
    let fileSymbols: Set<String>
    /// Some ranges are given as an index into `.debug_rnglists` (DW_FORM_rnglistx), as clang does in DWARF 5.
    let hasRangeListIndexes: Bool
    /// `DW_AT_name` of the units in DWARF 5.
    let sourcesOfVersion5: Set<String>

    init(_ binary: String) async throws {
        let sections = try await Tool.run("/usr/bin/readelf", ["-SW", binary]).output
        var text: Range<UInt64>?
        var number = ""
        for line in sections.split(separator: "\n") {
            guard let bracket = line.firstIndex(of: "]") else { continue }
            let words = line[line.index(after: bracket)...].split(separator: " ")
            guard words.count > 4, words[0] == ".text", let address = UInt64(words[2], radix: 16),
                let size = UInt64(words[4], radix: 16)
            else { continue }
            text = address..<(address + size)
            number = line.prefix { $0 != "]" }.drop { $0 == " " || $0 == "[" }.trimmingCharacters(in: .whitespaces)
        }
        guard let text else { throw FixtureError(reason: "no .text in \(binary)\n\(sections)") }
        self.text = text
        var symbols: [Symbol] = []
        var files: Set<String> = []
        for line in try await Tool.run("/usr/bin/readelf", ["-sW", binary]).output.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 7)
            guard words.count == 8, let address = UInt64(words[1], radix: 16) else { continue }
            let name = String(words[7].prefix { $0 != " " })
            if words[3] == "FILE" { files.insert(name) }
            guard words[3] == "FUNC" || words[3] == "NOTYPE", words[6] == number else { continue }
            let size = words[2].hasPrefix("0x") ? UInt64(words[2].dropFirst(2), radix: 16) : UInt64(words[2])
            symbols.append(Symbol(address: address, size: size ?? 0, name: name))
        }
        self.symbols = symbols.sorted { $0.address < $1.address }
        fileSymbols = files
        hasRangeListIndexes =
            try await Tool.shell("readelf --debug-dump=abbrev '\(binary)' | grep -c DW_FORM_rnglistx")
            .output.trimmingCharacters(in: .whitespacesAndNewlines) != "0"
        sourcesOfVersion5 = try await Self.sourcesOfVersion5(binary)
    }

    private static func sourcesOfVersion5(_ binary: String) async throws -> Set<String> {
        let units = try await Tool.run("/usr/bin/readelf", ["--debug-dump=info", "--dwarf-depth=1", binary]).output
        var names: Set<String> = []
        var version = ""
        for line in units.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "Version:", words.count == 2 { version = String(words[1]) }
            if version == "5", words.contains("DW_AT_name"), let name = words.last { names.insert(String(name)) }
        }
        return names
    }

    /// Every third byte of `.text`; every 6th, 9th, … of a large one, so that there are at most 4,000.
    var addresses: [UInt64] {
        let size = text.upperBound - text.lowerBound
        return Array(stride(from: text.lowerBound, to: text.upperBound, by: 3 * Int(1 + size / 12_000)))
    }

    /// The symbols at the highest address that is not above this one, whether or not they reach it.
    func nearest(_ address: UInt64) -> [Symbol] {
        guard let last = symbols.last(where: { $0.address <= address }) else { return [] }
        return symbols.filter { $0.address == last.address }
    }

    func names(at address: UInt64) -> Set<String> {
        Set(symbols.filter { $0.address == address }.map(\.name))
    }
}
