import DWARFReader
import ELFObject
import Testing

/// Debug information that dwz has taken apart: partial units in the same file, and a supplementary file for several.
@Suite struct SupplementaryTests {
    static let commands = ["g++ -O2 -gdwarf-4", "g++ -O2 -gdwarf-5", "g++ -O1 -gdwarf-3"]

    private func build(_ command: String) throws -> Workbench {
        let bench = try Workbench()
        let names = ["one", "two", "three", "four"]
        for name in names {
            // Enough in common that taking it out pays.
            let text = Samples.cxx.replacing("app::", with: "\(name)::").replacing(
                "namespace app", with: "namespace \(name)")
            let body = name == "one" ? text : text.replacing("int main(", with: "int main_\(name)(")
            try bench.write(body.replacing("plain(", with: "plain_\(name)("), to: "\(name).cpp")
        }
        try bench.run(command.split(separator: " ").map(String.init) + names.map { "\($0).cpp" } + ["-o", "plain"])
        return bench
    }

    private func scopes(_ units: [ReadUnit]) -> [ReadUnit.Scope] {
        units.flatMap(\.scopes)
    }

    @Test(arguments: commands)
    func partialUnits(_ command: String) throws {
        let bench = try build(command)
        try bench.run(["dwz", "plain", "-o", "program"])
        let plain = try readAll(try bench.object("plain"))
        let units = try readAll(try bench.object("program"))
        #expect(units.contains { $0.isPartial })
        #expect(units.filter { $0.isPartial }.allSatisfy { $0.rows.isEmpty && $0.scopes.isEmpty })
        #expect(scopes(units) == scopes(plain))
        #expect(units.filter { !$0.isPartial }.map(\.rows) == plain.map(\.rows))
        #expect(units.allSatisfy { $0.unresolvedReferences == 0 })
        // Without the jumps nothing changes either.
        let slow = try readAll(try bench.object("program"), skippingTypes: false)
        #expect(scopes(slow) == scopes(plain))
    }

    @Test(arguments: commands)
    func supplementaryFile(_ command: String) throws {
        let bench = try build(command)
        try bench.run(["cp", "plain", "program"])
        try bench.run(["cp", "plain", "other"])
        try bench.run(["dwz", "-m", "common", "program", "other"])
        let plain = try readAll(try bench.object("plain"))
        let object = try bench.object("program")
        let whole = try readAll(object, supplementary: try bench.object("common"))
        #expect(scopes(whole) == scopes(plain))

        // Without the file the answers lack names and say why; ranges and lines stay.
        let poor = try readAll(object)
        #expect(scopes(poor).map(\.ranges) == scopes(plain).map(\.ranges))
        #expect(poor.contains { $0.supplementaryReferences > 0 })
        #expect(poor.allSatisfy { $0.supplementaryReferences <= $0.unresolvedReferences })
        #expect(scopes(poor).contains { $0.name == nil && $0.linkageName == nil })
    }
}
