import CrashEvent
import Foundation
import Testing

@testable import CrashReports

@Suite struct MarkupTests {
    /// `#1    0x00007f00000018c3 main … (crash-lld+0x18c3)` of llvm-symbolizer: the address that it looked up, and the
    /// offset.
    private struct Looked: Equatable {
        var address: UInt64
        var module: String
        var offset: UInt64
    }

    private func golden() throws -> [Looked] {
        String(decoding: try LogReportOutline.bytes("Markup/golden.txt"), as: UTF8.self).split(separator: "\n")
            .compactMap { line in
                guard let mark = line.firstRange(of: "0x0000"), line.contains("#"), line.hasSuffix(")"),
                    let open = line.lastIndex(of: "("), let plus = line.lastIndex(of: "+")
                else { return nil }
                let digits = line[mark.lowerBound...].dropFirst(2).prefix { $0.isHexDigit }
                return Looked(
                    address: UInt64(digits, radix: 16) ?? 0, module: String(line[line.index(after: open)..<plus]),
                    offset: UInt64(line[plus...].dropFirst(3).dropLast(), radix: 16) ?? 0)
            }
    }

    @Test func framesAreWhereLLVMSeesThem() throws {
        let reports = try CrashReports.decodeAll(LogReportOutline.bytes("Markup/log.txt"))
        #expect(reports.count == 2)
        var found: [Looked] = []
        for report in reports {
            let event = try CrashEvent(report.event)
            for trace in event.stackTraces {
                for frame in trace.frames.reversed() {
                    guard let address = frame.instructionAddress, let image = event.images.first,
                        let start = image.imageAddress
                    else { continue }
                    let looked = frame.kind == .returnAddress ? address - 1 : address
                    // What is not position independent has its base in its addresses.
                    let base: UInt64 = image.codeFile == "crash-fixed" ? 0x20_0000 : 0
                    found.append(
                        Looked(address: looked, module: image.codeFile ?? "", offset: looked - start + base))
                }
            }
        }
        let wanted = try golden()
        #expect(wanted.count == 6)
        // The address in the sentence is the last stack of its process.
        #expect(found.filter { $0.address != 0x7f00_0000_1a70 } == wanted)
        #expect(found.count == wanted.count + 1)
    }

    @Test func buildIDsAndRanges() throws {
        let event = try CrashEvent(CrashReports.decode(LogReportOutline.bytes("Markup/log.txt")).event)
        let image = try #require(event.images.first)
        #expect(image.codeID?.count == 40)
        #expect(image.imageAddress == 0x7f00_0000_0000)
        #expect(image.imageSize == 0x4000)
        let context = String(decoding: event.document.bytes, as: UTF8.self)
        #expect(context.contains("\"symbols\":[\"main\"]"))
        #expect(context.contains("sancov: sancov.8675"))
    }

    @Test func elementsOfALine() {
        func kinds(_ text: String) -> [MarkupElement.Kind] {
            MarkupElement.elements(of: Array(text.utf8)[...]).elements.map(\.kind)
        }
        #expect(
            kinds("{{{bt:0:0x10}}}{{{bt:1:17:ra}}}") == [
                .frame(number: 0, address: 16, isReturn: nil), .frame(number: 1, address: 17, isReturn: true),
            ])
        #expect(kinds("a {{{ b {{{pc:0x1:pc}}}") == [.code(address: 1, isReturn: false)])
        #expect(kinds("{{{module:1::elf:AB}}}") == [.module(id: 1, name: "", buildID: "ab")])
        #expect(kinds("{{{symbol:a::b}}}") == [.symbol("a::b")])
        #expect(MarkupElement.elements(of: Array("{{{bt:0}}}{{{mmap:0x1}}}{{{other}}}".utf8)[...]).malformed == 2)
        #expect(kinds("{{{mmap:0xffffffffffffffff:0x2:load:0:r:0}}}").isEmpty)
    }

    @Test(arguments: [
        "{{{name}}}", "{{{reset}}}", "{{{bt:x}}}", "{{{module:0:a:elf:}}}\n{{{mmap:0x1:0x1:load:0:r:0}}}",
    ])
    func otherTextIsNotOne(_ text: String) {
        #expect(TextReports(Array(text.utf8), reading: .test, formats: [MarkupFormat.self]).reports.isEmpty)
    }
}
