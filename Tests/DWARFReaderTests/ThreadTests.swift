import DWARFReader
import ELFObject
import Glibc
import Synchronization
import Testing

/// Several threads read while another decompresses: the units are the same as one after the other.
@Suite struct ThreadTests {
    private final class Shared: Sendable {
        let inputs: DebugInputs
        let units = Mutex<[UInt64: ReadUnit]>([:])
        let failures = Atomic<Int>(0)
        init(_ inputs: DebugInputs) { self.inputs = inputs }

        func read() {
            let reader = UnitReader(inputs)
            var code = UnitCode()
            do {
                while let unit = try inputs.nextUnit() {
                    if try reader.read(unit, into: &code) {
                        let whole = ReadUnit(code, inputs)
                        units.withLock { $0[unit.offset] = whole }
                    }
                    inputs.finish(unit)
                }
            } catch {
                failures.add(1, ordering: .relaxed)
            }
        }

        func fill() {
            do {
                for section in inputs.sections { try section.fill() }
            } catch {
                failures.add(1, ordering: .relaxed)
            }
        }
    }

    /// A plain POSIX thread, as in the sandboxed child.
    private func start(_ body: @escaping @Sendable () -> Void) throws -> pthread_t {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        try #require(status == 0)
        return thread
    }

    @Test(arguments: ["g++ -O2 -gdwarf-5 -gz", "clang++ -O2 -gdwarf-4 -gz", "g++ -O2 -gdwarf-5 -flto"])
    func sameUnits(_ command: String) throws {
        let bench = try Workbench()
        let names = (0..<6).map { "part\($0)" }
        for name in names {
            let text = Samples.cxx.replacing("namespace app", with: "namespace \(name)").replacing(
                "app::", with: "\(name)::")
            try bench.write(
                name == names[0]
                    ? text
                    : text.replacing("int main(", with: "int main_\(name)(").replacing(
                        "plain(", with: "plain_\(name)("),
                to: "\(name).cpp")
        }
        try bench.run(command.split(separator: " ").map(String.init) + names.map { "\($0).cpp" } + ["-o", "program"])
        let object = try bench.object("program")
        let expected = try readAll(object)
        let shared = Shared(try DebugInputs(main: object))
        let threads = try [
            start { shared.read() }, start { shared.read() }, start { shared.fill() }, start { shared.read() },
        ]
        for thread in threads { pthread_join(thread, nil) }
        #expect(shared.failures.load(ordering: .relaxed) == 0)
        let units = shared.units.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
        #expect(units == expected)
        #expect(shared.inputs.doneBytes == shared.inputs.totalBytes)
        #expect(shared.inputs.counts.read == expected.count)
    }
}
