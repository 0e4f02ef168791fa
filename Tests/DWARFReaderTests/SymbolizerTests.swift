import Bytes
import DWARFReader
import ELFObject
import Testing

/// Inline chains against llvm-symbolizer, at every few bytes of all functions of a program.
@Suite struct SymbolizerTests {
    static let builds: [Build] = [
        .c("gcc -O2 -gdwarf-5"), .c("gcc -O2 -gdwarf-4"), .c("clang -O2 -gdwarf-5"), .cxx("g++ -O2 -gdwarf-5"),
        .cxx("g++ -O1 -gdwarf-4"), .cxx("clang++ -O2 -gdwarf-5"), .cxx("clang++ -O2 -gdwarf-4"), .swift("-O -g"),
        .swift("-Onone -g"), .swift("-O -g -dwarf-version=5"),
        .freestanding("--target=powerpc64-linux-gnu -gdwarf-5"),
        .freestanding("--target=armv7-linux-gnueabihf -gdwarf-4"),
    ]

    @Test(arguments: builds)
    func sameFrames(_ build: Build) throws {
        let bench = try Workbench()
        let units = try readAll(try bench.build(build))
        let chains = Chains(units: units)
        let functions = units.flatMap(\.scopes).filter { $0.kind == .function }.flatMap(\.ranges)
            .filter { $0.lowerBound > 0 }
        let addresses = functions.flatMap { range in
            stride(from: range.lowerBound, to: range.upperBound, by: 3).prefix(200)
        }
        #expect(addresses.count > 20)
        try bench.write(addresses.map(Hexadecimal.address).joined(separator: "\n"), to: "addresses")
        let output = try bench.run([
            "sh", "-c",
            "llvm-symbolizer-19 --inlines --functions=linkage --no-demangle --obj=program < addresses",
        ])
        let blocks = output.split(separator: "\n\n")
        #expect(blocks.count == addresses.count)
        var deepest = 0
        for (address, block) in zip(addresses, blocks) {
            var expected = frames(block)
            let mine = chains.frames(at: address)
            // llvm-symbolizer takes the function's name from the symbol table, where clones have a suffix.
            if let name = mine.last?.name, expected.last?.name.hasPrefix(name + ".") == true {
                expected[expected.count - 1].name = name
            }
            deepest = max(deepest, mine.count)
            #expect(mine == expected, "at \(Hexadecimal.address(address))")
        }
        #expect(deepest >= (build.command.contains("-Onone") ? 1 : 2))
    }

    private func frames(_ block: Substring) -> [Chains.Frame] {
        var frames: [Chains.Frame] = []
        var lines = block.split(separator: "\n")[...]
        while lines.count >= 2 {
            let name = lines.removeFirst()
            var parts = lines.removeFirst().split(separator: ":", omittingEmptySubsequences: false)
            let column = UInt32(parts.popLast() ?? "") ?? 0
            let line = UInt32(parts.popLast() ?? "") ?? 0
            var path = parts.joined(separator: ":")
            if path.hasSuffix("/<compiler-generated>") { path = SourceFile.compilerGeneratedPath }
            frames.append(Chains.Frame(name: String(name), path: path, line: line, column: column))
        }
        return frames
    }
}
