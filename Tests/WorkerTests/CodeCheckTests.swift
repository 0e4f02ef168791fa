import Bytes
import CrashEvent
import DebugFiles
import SymbolIndex
import Symbolication
import Testing

@testable import Worker

/// A kernel log's `Code:` bytes against the file that answers by name.
@Suite struct CodeCheckTests {
    /// Answers with the code that it is told.
    private struct CodeSource: SymbolSource {
        var bytes: [UInt8]?
        let asked = Counter()

        func answers(for images: [ImageRequest], project: String) async throws(EnrichmentError) -> SymbolAnswers {
            SymbolAnswers()
        }

        func texts(
            _ wanted: [SourceRequest], of answers: SymbolAnswers
        ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText] { [:] }

        func code(ofImage image: Int, at address: UInt64, count: Int, in answers: SymbolAnswers) async -> [UInt8]? {
            asked.next()
            // The mapping starts at file offset 0x600, which is linked at 0x1600.
            return address == 0x1710 && count == 3 ? bytes : [0]
        }

        func discardIndex(ofObject digest: String) async {}

        func checkAvailability() async throws(EnrichmentError) {}
    }

    private func check(_ bytes: [UInt8]?, code: String = "0f0b90") async throws -> (ImageAnswer?, asked: Int) {
        let store = try await RealStore()
        var content = SymbolIndexContent(
            baseAddress: 0, quality: .symbols,
            loadSegments: [.init(fileOffset: 0x600, address: 0x1600, fileSize: 0x800, memorySize: 0x800, flags: 5)],
            metadata: IndexMetadata(architecture: "x86_64"))
        content.functions = [.init(name: "total", language: .c, entryAddress: 0x1700)]
        content.scopes = [.init(function: 0)]
        content.ranges = [.init(address: 0x1700, scope: 0), .hole(0x1800)]
        let path = try store.write(try SymbolIndexWriter.encode(content), "index")
        let event = try CrashEvent(
            Array(
                (#"{"debug_meta":{"images":[{"code_file":"till","image_addr":"0x560000001000","image_size":4096,"#
                    + #""symbolist":{"mapping_offset":"0x0","code":{"address":"0x560000001710","bytes":"\#(code)"}}}]}}"#)
                    .utf8))
        var answers = SymbolAnswers()
        answers.images[0] = .found(try SymbolIndex(MappedFile(path: path)), features: .init(), matchedByName: true)
        let source = CodeSource(bytes: bytes)
        let checked = await CodeCheck.apply(answers, to: event, from: source)
        return (checked.images[0], source.asked.value)
    }

    @Test func `the same bytes confirm the file`() async throws {
        let (answer, asked) = try await check([0x0f, 0x0b, 0x90])
        guard case .found = answer else { return #expect(Bool(false), "\(String(describing: answer))") }
        #expect(asked == 1)
    }

    @Test func `other bytes are another build`() async throws {
        guard case .failed(.missing, let reason, _) = try await check([0x0f, 0x0b, 0x91]).0 else {
            return #expect(Bool(false), "the file was believed")
        }
        #expect(reason == "till is another build: its code at the crash differs from the bytes in the log")
    }

    @Test func `a file without code is believed`() async throws {
        guard case .found = try await check(nil).0 else { return #expect(Bool(false), "the file was refused") }
    }

    @Test func `bytes that cannot be read ask nobody`() async throws {
        for code in ["", "0f0", "zz"] { #expect(try await check([1], code: code).asked == 0) }
    }
}
