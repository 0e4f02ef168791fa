/// The programs that the tests compile: what makes trouble in debug information, small.
enum Programs {
    static let files: [String: String] = [
        "main.cpp": mainCpp, "shapes.h": shapesH, "shapes.cpp": shapesCpp, "plain.c": plainC, "till.swift": tillSwift,
        "shelf.rs": shelfRust,
    ]

    /// A way to build: compiler lines, run one after another; the last one makes the program `program`.
    struct Recipe: Sendable, CustomStringConvertible {
        var description: String
        var commands: [[String]]
    }

    static let all: [Recipe] = [
        Recipe(description: "g++ -O0", commands: gcc(["-O0", "-g"])),
        Recipe(description: "g++ -O2", commands: gcc(["-O2", "-g"])),
        Recipe(
            description: "g++ -O2 DWARF 4, gold folds identical code, zlib",
            commands: gcc(
                ["-O2", "-g", "-gdwarf-4", "-ffunction-sections", "-gz=zlib"],
                ["-fuse-ld=gold", "-Wl,--gc-sections,--icf=all", "-no-pie"])),
        Recipe(description: "g++ -O2 LTO", commands: gcc(["-O2", "-g", "-flto"], ["-flto", "-O2", "-g"])),
        Recipe(description: "clang++ -O0", commands: clang(["-O0", "-g"])),
        Recipe(description: "clang++ -O2", commands: clang(["-O2", "-g"])),
        Recipe(
            description: "clang++ -O2, lld drops and folds sections",
            commands: clang(["-O2", "-g", "-ffunction-sections"], ["-fuse-ld=lld", "-Wl,--gc-sections,--icf=all"])),
        Recipe(description: "clang++ -O2 line tables only", commands: clang(["-O2", "-gline-tables-only"])),
        Recipe(description: "swiftc -O", commands: swift(["-O", "-g"])),
        Recipe(description: "swiftc -Onone", commands: swift(["-Onone", "-g"])),
        Recipe(description: "swiftc -O line tables only", commands: swift(["-O", "-gline-tables-only"])),
    ]

    /// Rust's compiler is not among what the test set-up installs: it is compared where it is there.
    static let rust = Recipe(
        description: "rustc -O",
        commands: [["rustc", "-O", "-g", "-C", "overflow-checks=on", "-o", "program", "shelf.rs"]])

    static let hasRust = hasProgram("rustc")

    static func recipe(_ description: String) throws -> Recipe {
        guard let recipe = all.first(where: { $0.description == description }) else {
            throw ToolFailure(description: "no recipe \(description)")
        }
        return recipe
    }

    /// Writes the sources to `folder` and runs the commands.
    static func build(_ recipe: Recipe, in folder: TemporaryFolder) throws {
        for (name, text) in files { try folder.write(text, to: name) }
        for command in recipe.commands { try run(command, in: folder) }
    }

    private static func gcc(_ flags: [String], _ linkFlags: [String] = []) -> [[String]] {
        [
            ["g++"] + flags + ["-c", "main.cpp", "shapes.cpp"], ["gcc"] + flags + ["-c", "plain.c"],
            ["g++"] + linkFlags + ["-o", "program", "main.o", "shapes.o", "plain.o"],
        ]
    }

    private static func clang(_ flags: [String], _ linkFlags: [String] = []) -> [[String]] {
        [
            ["clang++"] + flags + ["-c", "main.cpp", "shapes.cpp"], ["clang"] + flags + ["-c", "plain.c"],
            ["clang++"] + linkFlags + ["-o", "program", "main.o", "shapes.o", "plain.o"],
        ]
    }

    private static func swift(_ flags: [String]) -> [[String]] {
        [["swiftc"] + flags + ["-parse-as-library", "-module-cache-path", "cache", "-o", "program", "till.swift"]]
    }

    private static let mainCpp = #"""
        #include <algorithm>
        #include <cstdio>
        #include <cstdlib>
        #include <map>
        #include <numeric>
        #include <string>
        #include <vector>
        #include "shapes.h"

        namespace till {
        namespace {
        struct Line { std::string name; int count; double price; };
        inline double total(const Line &line) { return line.count * line.price; }
        int hidden(int value) {
            if (value > 1000) { std::puts("large"); abort(); }
            return value * 3 + 1;
        }
        }
        template <typename T> struct Basket {
            std::vector<T> lines;
            void add(T line) { lines.push_back(std::move(line)); }
            double sum() const {
                return std::accumulate(lines.begin(), lines.end(), 0.0, [](double sum, const T &line) {
                    return sum + total(line);
                });
            }
        };
        double checkout(int count) {
            Basket<Line> basket;
            for (int index = 0; index < count; index++)
                basket.add({std::to_string(index), hidden(index), area(Square{index * 0.5})});
            return basket.sum();
        }
        }
        extern "C" int plain(int value);
        static int __attribute__((noinline)) recurse(int depth) {
            return depth <= 0 ? plain(depth) : recurse(depth - 1) + plain(depth) + recurse(depth - 2);
        }
        int main(int argc, char **argv) {
            std::map<std::string, int> words;
            for (int index = 0; index < argc; index++) words[argv[index]] += index;
            std::vector<int> numbers(argc + 10);
            std::iota(numbers.begin(), numbers.end(), 0);
            std::sort(numbers.begin(), numbers.end(), [](int a, int b) { return a % 7 < b % 7; });
            try {
                if (argc > 100) throw std::string("many");
            } catch (const std::string &text) { std::puts(text.c_str()); }
            std::printf("%f %d %zu %d\n", till::checkout(argc + 3), recurse(argc), words.size(), numbers[3]);
        }
        """#

    private static let shapesH = #"""
        #pragma once
        struct Square { double side; };
        double area(const Square &square);
        inline double clampedArea(const Square &square) {
            double result = square.side * square.side;
            return result > 1e6 ? 1e6 : result;
        }
        """#

    private static let shapesCpp = #"""
        #include "shapes.h"
        #include <vector>
        double perimeter(const Square &square) { return 4 * square.side; }
        double area(const Square &square) {
            std::vector<double> steps;
            for (int index = 0; index < 4; index++) steps.push_back(clampedArea(square) + index);
            return steps[2];
        }
        """#

    private static let plainC = #"""
        #include <stdio.h>
        static int unused(int a) { return a + 1; }
        static inline int twice(int value) { return value * 2; }
        static inline int fourTimes(int value) { return twice(twice(value)); }
        int plain(int value) {
            if (__builtin_expect(value < -100, 0)) { printf("cold %d\n", value); return unused(value); }
            return fourTimes(value) + 1;
        }
        """#

    private static let tillSwift = #"""
        struct Line { var name: String; var count: Int; var price: Double }
        enum TillError: Error { case empty, tooMany(Int) }
        protocol Priced { var total: Double { get } }
        extension Line: Priced { var total: Double { Double(count) * price } }
        final class Basket<Item: Priced> {
            var items: [Item] = []
            func add(_ item: Item) { items.append(item) }
            func sum(where accept: (Item) -> Bool) throws -> Double {
                guard !items.isEmpty else { throw TillError.empty }
                return items.filter(accept).map { $0.total }.reduce(0) { $0 + $1 }
            }
            subscript(index: Int) -> Item { items[index] }
        }
        @inline(__always) func pick(_ values: [Int], _ index: Int) -> Int { values[index] &+ 1 }
        func scan(_ values: [Int], upTo limit: Int) -> Int {
            var result = 0
            for index in 0..<limit { result += pick(values, index * 2) }
            return result
        }
        actor Ledger {
            private var entries: [String: Double] = [:]
            func record(_ name: String, _ value: Double) async -> Double {
                entries[name, default: 0] += value
                await Task.yield()
                return entries.values.reduce(0, +)
            }
        }
        func checkout(_ basket: Basket<Line>, _ ledger: Ledger) async throws -> Double {
            let sum = try basket.sum { line in
                func cheap(_ price: Double) -> Bool { price < 100 && line.name.count > 1 }
                return cheap(line.price)
            }
            let first = await ledger.record("sum", sum)
            return await ledger.record("twice", sum * 2) + first
        }
        @main struct Main {
            static func main() async throws {
                let basket = Basket<Line>()
                for index in 0..<CommandLine.arguments.count + 3 {
                    basket.add(Line(name: "item \(index)", count: index, price: Double(index)))
                }
                print(try await checkout(basket, Ledger()))
                print(scan(Array(0..<100), upTo: CommandLine.arguments.count * 20))
                let words = CommandLine.arguments.sorted { $0.count < $1.count }
                print(words.joined(separator: ","), basket[2].name)
            }
        }
        """#

    private static let shelfRust = #"""
        use std::collections::BTreeMap;
        #[derive(Debug, Clone)]
        struct Book { title: String, pages: u32 }
        trait Weighed { fn weight(&self) -> u64; }
        impl Weighed for Book {
            #[inline]
            fn weight(&self) -> u64 { u64::from(self.pages) * 3 + self.title.len() as u64 }
        }
        mod shelf {
            use super::{Book, Weighed};
            #[inline(always)]
            fn heavier(a: &Book, b: &Book) -> bool { a.weight() > b.weight() }
            #[inline(never)]
            pub fn heaviest(books: &[Book]) -> Option<Book> {
                let mut best: Option<&Book> = None;
                for book in books {
                    if best.map_or(true, |other| heavier(book, other)) { best = Some(book); }
                }
                best.cloned()
            }
        }
        fn main() {
            let mut counts: BTreeMap<String, u32> = BTreeMap::new();
            for word in std::env::args() { *counts.entry(word).or_insert(0) += 1; }
            let books: Vec<Book> =
                counts.iter().map(|(title, pages)| Book { title: title.clone(), pages: *pages }).collect();
            println!("{:?} {}", shelf::heaviest(&books), books.iter().map(|book| book.weight()).sum::<u64>());
        }
        """#
}
