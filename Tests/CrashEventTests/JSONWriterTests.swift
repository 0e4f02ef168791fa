import CrashEvent
import Foundation
import Testing

@Suite struct JSONWriterTests {
    @Test func writesStructure() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("a", "x/y")
        writer.member("lacking", ifPresent: nil)
        writer.key("list")
        writer.beginArray()
        writer.number(UInt64.max)
        writer.number(-1)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.raw(Array("1.10".utf8))
        writer.endArray()
        writer.member("flag", true)
        writer.member("address", address: 0x1b04)
        writer.member("count", 7)
        writer.member("raw", raw: Array("NaN".utf8))
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"a":"x/y","list":[18446744073709551615,-1,null,{},[],1.10],"flag":true,"#
                + #""address":"0x1b04","count":7,"raw":NaN}"#)
    }

    @Test func escapesWhatMustBeAndNothingElse() throws {
        let text = "\"\\/\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}é😀\u{2028}"
        let bytes = JSONWriter.string(text)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "\"\\\"\\\\/\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}é😀\u{2028}\"")
        #expect(try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) as? String == text)
        #expect(JSONWriter.address(.max) == Array("\"0xffffffffffffffff\"".utf8))
    }
}
