import Foundation
import Glibc
import ParserTasks
import Testing

@testable import Unwinding

/// Minidumps from file to frames, compared with gdb's frames of the same processes.
@Suite("Unwinding minidumps")
struct MinidumpUnwindingTests {
    /// Unwinds with the program's own file, or with none.
    private func unwind(_ example: MinidumpRealTests.Example, withProgram: Bool) throws -> UnwoundDump {
        let name = "\(example.program)-\(example.writer).dmp"
        let dump = try ScratchFile(opening: MinidumpFixture.folder.appending(path: name).path, O_RDONLY)
        let program = try ScratchFile(
            opening: MinidumpFixture.folder.appending(path: example.program).path, O_RDONLY)
        defer { withExtendedLifetime((dump, program)) {} }
        let inspection = try DumpUnwinding.inspect(dump.descriptor, name: name, limits: UnwindLimits())
        let module = try #require(
            inspection.modules.firstIndex { $0.path.hasSuffix("/\(example.program)") })
        let file = DumpRequest.ModuleFile(module: module, isDebugFile: false, name: example.program)
        return try DumpUnwinding.unwind(
            DumpRequest(name: name, files: withProgram ? [file] : []), dump: dump.descriptor,
            files: withProgram ? [program.descriptor] : [])
    }

    @Test("The frames are gdb's, as far as there are files", arguments: MinidumpRealTests.examples)
    func frames(example: MinidumpRealTests.Example) throws {
        let unwound = try unwind(example, withProgram: true)
        let golden = try MinidumpFixture.frames("\(example.program)-\(example.writer).frames")
        #expect(unwound.signal == example.signal)
        #expect(unwound.threads.count == golden.count)
        #expect(unwound.threads.first?.isCrashed == true)
        #expect(unwound.threads.first?.id == golden[0].id)
        for thread in golden {
            let found = try #require(unwound.threads.first { $0.id == thread.id })
            // The C library's own frames need its file, which is not here; the way into it is found without.
            let library = try #require(thread.frames.firstIndex { $0.file == "libc.so.6" })
            let expected = thread.frames.prefix(library + 1)
            let frames = found.frames.prefix(library + 1)
            #expect(frames.map(\.address) == expected.map(\.address))
            #expect(frames.map(\.kind.rawValue) == expected.map(\.kind))
            #expect(frames.first?.trust == "context")
            #expect(frames.dropFirst().allSatisfy { $0.trust == "cfi" })
            #expect(found.end != UnwoundThread.outermost)
            #expect(found.end.contains("libc.so.6"), "\(found.end)")
        }
    }

    @Test("Without files the innermost frames and a reason are left")
    func withoutFiles() throws {
        let example = MinidumpRealTests.examples[0]
        let unwound = try unwind(example, withProgram: false)
        let golden = try MinidumpFixture.frames("\(example.program)-\(example.writer).frames")
        for thread in golden {
            let found = try #require(unwound.threads.first { $0.id == thread.id })
            #expect(found.frames.first?.address == thread.frames[0].address)
            #expect(found.end.contains("mill"), "\(found.end)")
        }
    }

    @Test("ARM64, by frame pointers, in both layouts", arguments: [false, true])
    func arm64(isOld: Bool) throws {
        var image = MinidumpImage()
        image.systemInfo(processor: 12)
        let code: UInt64 = 0x40_0000
        let stackStart: UInt64 = 0x7000_0000
        var registers = MinidumpImage.arm64(0, isOld: isOld)
        func set(_ number: Int, _ value: UInt64) {
            registers.replaceSubrange(8 + number * 8..<16 + number * 8, with: MinidumpImage.fields(value))
        }
        set(29, stackStart + 0x20)
        set(30, code + 0x500)
        set(31, stackStart)
        set(32, code + 0x100)
        var stack = [UInt8](repeating: 0, count: 4096)
        func record(_ place: Int, _ next: UInt64, _ address: UInt64) {
            stack.replaceSubrange(place..<place + 16, with: MinidumpImage.fields(next, address))
        }
        record(0x20, stackStart + 0x80, code + 0x200)
        record(0x80, stackStart + 0x100, code + 0x300)
        record(0x100, 0, 0)
        let context = image.blob(registers)
        let place = image.blob(stack)
        image.list(
            .threadList,
            [MinidumpImage.thread(1, context: (UInt32(registers.count), context), stack: (stackStart, 4096, place))])
        image.list(
            .moduleList, [image.module("/app", start: code, size: 0x1000, record: MinidumpImage.elfRecord([1, 2]))])
        image.stream(.exception, MinidumpImage.exception(thread: 1, code: 11, flags: 1, address: 0))
        let dump = try ScratchFile(image.finished())
        defer { withExtendedLifetime(dump) {} }
        let unwound = try DumpUnwinding.unwind(DumpRequest(name: "arm64.dmp"), dump: dump.descriptor, files: [])
        #expect(unwound.inspection.architecture == "aarch64")
        let addresses = unwound.threads.first?.frames.map(\.address) ?? []
        #expect(addresses.first == code + 0x100)
        #expect(addresses.suffix(2) == [code + 0x200, code + 0x300])
    }

    @Test("2,000 mutations of a dump, with the program's file, unwound")
    func mutations() throws {
        var numbers = MinidumpHostileTests.Numbers(state: 4)
        let original = try MinidumpFixture.bytes("mill-crashpad.dmp")
        let program = try ScratchFile(opening: MinidumpFixture.folder.appending(path: "mill").path, O_RDONLY)
        defer { withExtendedLifetime(program) {} }
        var unwoundCount = 0
        for _ in 0..<2000 {
            var bytes = original
            for _ in 0...numbers.next(below: 4) {
                bytes[numbers.next(below: bytes.count)] = UInt8(numbers.next(below: 256))
            }
            let dump = try ScratchFile(bytes)
            do throws(DumpError) {
                let request = DumpRequest(
                    name: "mutant", files: [.init(module: 0, isDebugFile: false, name: "mill")],
                    limits: UnwindLimits(framesPerThread: 64, frames: 128))
                let unwound = try DumpUnwinding.unwind(
                    request, dump: dump.descriptor, files: [program.descriptor])
                #expect(unwound.threads.reduce(0) { $0 + $1.frames.count } <= 128)
                unwoundCount += 1
            } catch {
                #expect(error.message.hasPrefix("mutant: "))
            }
            withExtendedLifetime(dump) {}
        }
        #expect(unwoundCount > 1000)
    }
}
