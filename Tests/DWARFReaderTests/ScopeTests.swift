import DWARFReader
import ELFObject
import Testing

@Suite struct ScopeTests {
    /// Functions and inlined calls with their code, as llvm-dwarfdump lists them.
    @Test(arguments: Build.all)
    func agreesWithDwarfdump(_ build: Build) throws {
        let bench = try Workbench()
        let units = try readAll(try bench.build(build))
        let dump = try bench.run(["llvm-dwarfdump-19", "--debug-info", "program"])
        let expected = Dump.scopes(dump)
        let mine = units.flatMap(\.scopes).map { scope in
            Dump.Scope(isInlined: scope.kind == .inlinedSubroutine, ranges: scope.ranges)
        }
        #expect(mine.count > 3)
        #expect(mine == expected)
    }

    @Test(arguments: Build.all)
    func parentsComeFirstAndHoldTheirCalls(_ build: Build) throws {
        let bench = try Workbench()
        for unit in try readAll(try bench.build(build)) {
            for (index, scope) in unit.scopes.enumerated() {
                #expect(scope.parent < Int32(index))
                #expect((scope.kind == .function) == (scope.parent == -1))
                #expect(scope.name != nil || scope.linkageName != nil || build.command.contains("line-tables-only"))
                guard scope.parent >= 0 else { continue }
                let parent = unit.scopes[Int(scope.parent)]
                for range in scope.ranges {
                    #expect(parent.ranges.contains { $0.contains(range.lowerBound) })
                }
            }
        }
    }

    @Test(arguments: ["g++ -O2 -gdwarf-5", "clang++ -O2 -gdwarf-4", "clang++ -O2 -gdwarf-5"])
    func namesWithoutLinkageNameAreQualified(_ command: String) throws {
        let bench = try Workbench()
        let units = try readAll(try bench.build(.cxx(command)))
        let scopes = units.flatMap(\.scopes)
        let plain = try #require(scopes.first { $0.name == "plain" })
        #expect(plain.linkageName == nil)
        // clang puts C functions outside of their namespace.
        #expect(plain.qualifiedName == (command.hasPrefix("g++") ? "app::plain" : "plain"))
        let main = try #require(scopes.first { $0.name == "main" })
        #expect(main.qualifiedName == "main")
        let run = try #require(scopes.first { $0.name == "run" })
        #expect(run.linkageName == "_ZN3app5Store3runEi")
        #expect(run.qualifiedName == nil)
        #expect(run.declarationPath == bench.path("main.cpp"))
        #expect(run.declarationLine == 13)
    }

    /// gcc gives functions without external linkage no linkage name.
    @Test func nestedContexts() throws {
        let bench = try Workbench()
        let source = """
            namespace a { namespace { struct S { struct T { static int f(int x); }; }; } inline namespace v1 {
            extern "C" int g(int x) { return x * 3; } } }
            int a::S::T::f(int x) { return x + a::g(x); }
            int main(int c, char **v) { return a::S::T::f(c); }
            """
        let object = try bench.build(Build("g++ -O0 -gdwarf-5 main.cpp -o program", [("main.cpp", source)]))
        let names = try readAll(object).flatMap(\.scopes).compactMap(\.qualifiedName)
        #expect(names.contains("a::v1::g"))
        #expect(names.contains("a::(anonymous namespace)::S::T::f"))
    }

    @Test func swiftClosuresAndAsyncFunctions() throws {
        let bench = try Workbench()
        let scopes = try readAll(try bench.build(.swift("-Onone -g"))).flatMap(\.scopes)
        let functions = scopes.filter { $0.kind == .function }
        // A closure in `main`, nested in its subprogram, is a function of its own; so is each piece of an async function.
        let closure = functions.filter { $0.linkageName?.hasSuffix("U_") == true }
        #expect(!closure.isEmpty)
        #expect(closure.allSatisfy { $0.parent == -1 })
        let pieces = functions.filter { $0.linkageName?.contains("5othery") == true }
        #expect(pieces.count >= 2)
        #expect(
            pieces.contains { $0.linkageName?.hasSuffix("TY0_") == true || $0.linkageName?.hasSuffix("TQ0_") == true })
    }

    @Test func lineTablesOnlyHasInlineChains() throws {
        let bench = try Workbench()
        let scopes = try readAll(try bench.build(.swift("-O -gline-tables-only"))).flatMap(\.scopes)
        #expect(scopes.contains { $0.kind == .inlinedSubroutine })
        #expect(scopes.allSatisfy { $0.linkageName == nil })
        #expect(scopes.contains { $0.name?.hasPrefix("Swift runtime failure: ") == true })
    }

    /// Link-time optimisation: abstract origins in other units, with that unit's file numbers.
    @Test func originsInOtherUnits() throws {
        let bench = try Workbench()
        let object = try bench.build(
            Build(
                "g++ -O2 -gdwarf-5 -flto one.cpp two.cpp -o program",
                [
                    (
                        "one.cpp",
                        "namespace n { int far(int); }\nint main(int c, char **) { return n::far(c) + n::far(c * 2); }\n"
                    ),
                    (
                        "two.cpp",
                        "#include <cstdio>\n\nnamespace n {\nextern \"C\" int near_by(int x) { std::puts(\"x\"); return x * 5; }\n"
                            + "int far(int x) { return near_by(x) + 1; }\n}\n"
                    ),
                ]))
        var found = 0
        for unit in try readAll(object) {
            #expect(unit.unresolvedReferences == 0)
            for scope in unit.scopes where scope.name == "near_by" {
                found += 1
                #expect(scope.qualifiedName == "n::near_by")
                #expect(scope.declarationPath == bench.path("two.cpp"))
                #expect(scope.declarationLine == 4)
            }
        }
        #expect(found > 0)
    }

    /// Jumping over types along `DW_AT_sibling` passes over most of gcc's entries and loses no function.
    @Test(arguments: Build.all)
    func jumpsLoseNothing(_ build: Build) throws {
        let bench = try Workbench()
        let object = try bench.build(build)
        let quick = try readAll(object)
        let slow = try readAll(object, skippingTypes: false)
        #expect(quick.map(\.scopes) == slow.map(\.scopes))
        #expect(slow.allSatisfy { !$0.typeSubtreesSkipped })
        for (one, other) in zip(quick, slow) where one.typeSubtreesSkipped {
            #expect(one.entryCount < other.entryCount)
        }
        // Only gcc writes the attribute; C has next to no types with children of their own.
        if build.command.hasPrefix("g++") { #expect(quick.contains { $0.typeSubtreesSkipped }) }
    }

    /// Classes inside of functions hold their methods' code, with gcc too.
    @Test(arguments: ["g++ -O0 -gdwarf-5", "g++ -O2 -gdwarf-4", "clang++ -O0 -gdwarf-5"])
    func methodsOfLocalClasses(_ command: String) throws {
        let source = """
            struct Base { virtual int run(int x) = 0; };
            __attribute__((noinline)) int call(Base &base, int x) { return base.run(x); }
            int main(int c, char **) {
                struct Local : Base { int run(int x) override { return x * 7; } };
                Local local;
                auto lambda = [&](int y) __attribute__((noinline)) { return call(local, y) + c; };
                return lambda(c);
            }
            """
        let object = try Workbench().build(Build("\(command) main.cpp -o program", [("main.cpp", source)]))
        let scopes = try readAll(object).flatMap(\.scopes)
        let slow = try readAll(object, skippingTypes: false).flatMap(\.scopes)
        #expect(scopes == slow)
        #expect(scopes.contains { $0.name == "run" && $0.kind == .function })
        #expect(scopes.contains { $0.name == "operator()" && $0.kind == .function })
    }
}
