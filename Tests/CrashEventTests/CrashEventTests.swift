import Bytes
import CrashEvent
import Testing

@Suite struct CrashEventTests {
    private func event(_ text: String) throws -> CrashEvent { try CrashEvent(Array(text.utf8)) }

    @Test func readsEveryPlace() throws {
        let event = try event(
            #"""
            {"event_id":"9ec7","timestamp":1795340256.84,"platform":"native","release":"app@1","environment":"prod","level":"fatal",
             "exception":{"values":[{"type":"SIGSEGV","value":"Segfault","thread_id":12,
              "mechanism":{"type":"signalhandler","synthetic":true,"handled":false,"meta":{"signal":{"number":11}}},
              "stacktrace":{"frames":[{"instruction_addr":"0x10"},{"instruction_addr":32}],
               "registers":{"rip":"0x20","odd":null},"instruction_addr_adjustment":"all"}}]},
             "threads":{"values":[{"id":11,"name":"main","stacktrace":{"frames":[{"instruction_addr":"0x30"}]}},
              {"id":"12","name":"worker","crashed":true,"current":true}]},
             "stacktrace":{"frames":[]},
             "debug_meta":{"images":[{"type":"elf","code_id":"68220AE2","debug_id":"E20A22685DC6C165B6AAA12FA6765A6E0",
              "code_file":"/app/bin","image_addr":"0x400000","image_size":98304,"arch":"x86_64"},
              {"image_size":-5,"debug_id":"00000000000000000000000000000000","code_id":""}, null]}}
            """#)
        #expect(event.eventID == "9ec7")
        #expect(event.timestamp == "1795340256.84")
        #expect(event.release == "app@1" && event.environment == "prod" && event.level == "fatal")
        #expect(event.stackTraces.map(\.container) == [.exception(0), .thread(0), .event])
        let crash = event.stackTraces[0]
        #expect(crash.threadID == "12" && crash.threadName == "worker" && crash.isCrashed && !crash.isFromRaw)
        #expect(crash.registers == ["rip": 0x20])
        #expect(crash.instructionAddressAdjustment == "all")
        #expect(crash.frames.map(\.instructionAddress) == [16, 32])
        #expect(crash.frames.map(\.isNative) == [true, true])
        #expect(!event.stackTraces[1].isCrashed && event.stackTraces[1].threadName == "main")
        #expect(event.threads.map(\.isCrashed) == [nil, true])
        let exception = event.exceptions[0]
        #expect(exception.type == "SIGSEGV" && exception.isSynthetic && exception.isHandled == false)
        #expect(exception.signalNumber == 11)
        #expect(event.images.count == 3)
        #expect(event.images[0].codeID == "68220ae2")
        #expect(event.images[0].debugID == "e20a2268-5dc6-c165-b6aa-a12fa6765a6e")
        #expect(event.images[0].imageAddress == 0x400000 && event.images[0].imageSize == 98304)
        #expect(event.images[0].architecture == "x86_64" && event.images[0].codeFile == "/app/bin")
        #expect(event.images[1].imageSize == nil && event.images[1].debugID == nil && event.images[1].codeID == nil)
        #expect(event.images[2].type == nil)
    }

    @Test(arguments: [
        #"{"exception":[{"stacktrace":{"frames":[{}]}}]}"#,
        #"{"exception":{"type":"X","stacktrace":{"frames":[{}]}}}"#,
        #"{"exception":{"values":{"stacktrace":{"frames":[{}]}}}}"#,
        #"{"exception":{"values":[null,{"stacktrace":{"frames":[{}]}}]}}"#,
    ])
    func exceptionsComeInSeveralShapes(_ text: String) throws {
        let event = try event(text)
        #expect(event.stackTraces.map(\.container) == [.exception(0)])
        #expect(event.stackTraces[0].frames.count == 1)
    }

    @Test func anExceptionIsTheCrashUnlessItsThreadSaysOtherwise() throws {
        func flags(_ threads: String) throws -> [Bool] {
            try event(#"{"exception":[{"thread_id":1,"stacktrace":{"frames":[]}}],"threads":[\#(threads)]}"#)
                .stackTraces.map(\.isCrashed)
        }
        #expect(try flags("") == [true])
        #expect(try flags(#"{"id":1}"#) == [true])
        #expect(try flags(#"{"id":1,"crashed":false}"#) == [false])
        #expect(try event(#"{"stacktrace":{"frames":[]}}"#).stackTraces[0].isCrashed)
    }

    @Test func threadsMayBeABareArray() throws {
        let event = try event(#"{"threads":[{"id":1},{"id":2,"crashed":true,"stacktrace":{"frames":[{}]}}]}"#)
        #expect(event.threads.count == 2)
        #expect(event.stackTraces.map(\.container) == [.thread(1)])
        #expect(event.stackTraces[0].isCrashed)
    }

    @Test func theRawTraceIsTheSource() throws {
        let event = try event(
            #"""
            {"exception":{"values":[
              {"stacktrace":{"frames":[{},{},{}]},"raw_stacktrace":{"frames":[{"instruction_addr":"0x1"}]}},
              {"stacktrace":{"frames":[{},{}]},"raw_stacktrace":null},
              {"stacktrace":{"frames":[{}]},"raw_stacktrace":{}},
              {"stacktrace":null},{"stacktrace":{"frames":null}}]},
             "raw_stacktrace":{"frames":[{}]}}
            """#)
        #expect(event.stackTraces.map(\.frames.count) == [1, 2, 1, 1])
        #expect(event.stackTraces.map(\.isFromRaw) == [true, false, false, true])
        #expect(event.stackTraces.map(\.container) == [.exception(0), .exception(1), .exception(2), .event])
        #expect(event.stackTraces[0].frames[0].instructionAddress == 1)
    }

    @Test func onlyNativeFramesWithAnAddressAreNative() throws {
        func flags(_ platform: String) throws -> [Bool] {
            try event(
                #"""
                {\#(platform)"stacktrace":{"frames":[{"instruction_addr":"0x1"},{"instruction_addr":"0x1","platform":"python"},
                 {"instruction_addr":"0x1","platform":"c"},{"function":"f","platform":"native"},{"instruction_addr":null},
                 {"instruction_addr":"zz","platform":"swift"},7]}}
                """#
            ).stackTraces[0].frames.map(\.isNative)
        }
        #expect(try flags(#""platform":"native","#) == [true, false, true, false, false, true, false])
        #expect(try flags(#""platform":"python","#) == [false, false, true, false, false, true, false])
        #expect(try flags("") == [true, false, true, false, false, true, false])
    }

    @Test func addressesAndTheirModes() throws {
        let event = try event(
            #"""
            {"debug_meta":{"images":[{},{"debug_id":"e20a2268-5dc6-c165-b6aa-a12fa6765a6e"}]},"stacktrace":{"frames":[
              {"instruction_addr":"0x1b04"},{"instruction_addr":"6916","addr_mode":"abs"},
              {"instruction_addr":6916,"addr_mode":"rel:1"},{"instruction_addr":"x","addr_mode":"rel:2"},
              {"addr_mode":"rel:E20A22685DC6C165B6AAA12FA6765A6E"},{"addr_mode":"rel:"},{"addr_mode":"odd"},{"addr_mode":"rel:-1"}]}}
            """#)
        let frames = event.stackTraces[0].frames
        #expect(frames.map(\.instructionAddress) == [6916, 6916, 6916, nil, nil, nil, nil, nil])
        #expect(frames.map(\.malformedAddress) == [false, false, false, true, false, false, false, false])
        #expect(
            frames.map(\.addressMode) == [
                .absolute, .absolute, .relative(imageIndex: 1), .unresolved("rel:2"), .relative(imageIndex: 1),
                .unresolved("rel:"), .unresolved("odd"), .unresolved("rel:-1"),
            ])
    }

    @Test func framesReadTheirFields() throws {
        let event = try event(
            #"""
            {"stacktrace":{"frames":[{"instruction_addr":"0x1","function":"f","raw_function":"f()","symbol":"_Z1fv",
              "package":"/app/bin","module":"m","filename":"a.c","abs_path":"/s/a.c","lineno":7,"colno":3,"in_app":false,
              "trust":"cfi","symbol_addr":"0x2","image_addr":"0x0","adjust_instruction_addr":true,
              "data":{"symbolicator_status":"missing","symbolist":{"kind":"omitted","count":7,"runtime_failure":"x"}}},{}]}}
            """#)
        let frame = event.stackTraces[0].frames[0]
        #expect(frame.function == "f" && frame.rawFunction == "f()" && frame.symbol == "_Z1fv")
        #expect(frame.package == "/app/bin" && frame.module == "m" && frame.filename == "a.c")
        #expect(frame.absPath == "/s/a.c" && frame.line == 7 && frame.column == 3 && frame.inApp == false)
        #expect(frame.trust == "cfi" && frame.symbolAddress == 2 && frame.imageAddress == 0)
        #expect(frame.adjustInstructionAddress == true && frame.kind == .omitted && frame.count == 7)
        #expect(frame.symbolicatorStatus == "missing" && frame.runtimeFailure == "x")
        let empty = event.stackTraces[0].frames[1]
        #expect(empty.kind == nil && empty.adjustInstructionAddress == nil && empty.data == nil)
    }

    @Test func mutatedEventsNeverCrash() throws {
        let sample = Array(
            #"""
            {"platform":"native","exception":{"values":[{"type":"A","thread_id":1,"mechanism":{"meta":{"signal":{"number":4}}},
            "stacktrace":{"frames":[{"instruction_addr":"0x10","addr_mode":"rel:0","data":{"symbolist":{"kind":"pc"}}}],
            "registers":{"rip":"0x1"}}}]},"threads":[{"id":1,"raw_stacktrace":{"frames":[{}]}}],
            "debug_meta":{"images":[{"debug_id":"e20a2268-5dc6-c165-b6aa-a12fa6765a6e","image_size":5}]}}
            """#.utf8)
        var generator = SeededGenerator(seed: 9)
        var viewed = 0
        for _ in 0..<20_000 {
            var bytes = sample
            for _ in 0...Int.random(in: 0...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let end = min(bytes.count, place + Int.random(in: 0...30, using: &generator))
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[place] = Array("{}[]\",:019antx-".utf8).randomElement(using: &generator) ?? 0
                case 1: bytes.removeSubrange(place..<end)
                default: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
                }
                if bytes.isEmpty { bytes = sample }
            }
            guard let event = try? CrashEvent(bytes) else { continue }
            viewed += 1
            for trace in event.stackTraces {
                _ = (trace.registers, trace.instructionAddressAdjustment, trace.threadID)
                for frame in trace.frames {
                    _ = (
                        frame.isNative, frame.instructionAddress, frame.addressMode, frame.kind, frame.count, frame.line
                    )
                }
            }
            for image in event.images { _ = (image.debugID, image.codeID, image.imageSize, image.imageAddress) }
            for exception in event.exceptions { _ = (exception.signalNumber, exception.isSynthetic, exception.value) }
        }
        #expect(viewed > 500)
    }

    @Test func twoHundredThousandFrames() throws {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("stacktrace")
        writer.beginObject()
        writer.key("frames")
        writer.beginArray()
        for index in 0..<200_000 {
            writer.beginObject()
            writer.member("instruction_addr", address: UInt64(index))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        writer.endObject()
        let frames = try CrashEvent(writer.bytes).stackTraces[0].frames
        #expect(frames.count == 200_000)
        #expect(frames.enumerated().allSatisfy { $0.element.instructionAddress == UInt64($0.offset) })
    }

    @Test func oddTypesReadAsMissing() throws {
        let event = try event(
            #"{"exception":7,"threads":"x","stacktrace":[],"debug_meta":[],"platform":{},"event_id":1,"timestamp":[]}"#)
        #expect(event.stackTraces.isEmpty && event.images.isEmpty && event.exceptions.isEmpty && event.threads.isEmpty)
        #expect(event.platform == nil && event.eventID == nil && event.timestamp == nil)
    }

    @Test func refusesWhatIsNoObject() throws {
        #expect(throws: CrashEventError.notAnObject(.array)) { try CrashEvent(Array("[]".utf8)) }
        #expect(throws: CrashEventError.json(JSONError(.empty, offset: 0, line: 1))) { try CrashEvent([]) }
    }

    @Test func debugIdentifiers() {
        let buildID: [UInt8] = [
            0x68, 0x22, 0x0a, 0xe2, 0xc6, 0x5d, 0x65, 0xc1, 0xb6, 0xaa, 0xa1, 0x2f, 0xa6, 0x76, 0x5a, 0x6e, 0xc2, 0xf5,
            0xf4, 0x34,
        ]
        #expect(DebugIdentifier.make(buildID: buildID) == "e20a2268-5dc6-c165-b6aa-a12fa6765a6e")
        #expect(
            DebugIdentifier.make(buildID: buildID, isLittleEndian: false) == "68220ae2-c65d-65c1-b6aa-a12fa6765a6e")
        #expect(DebugIdentifier.make(buildID: [1, 2]) == "00000201-0000-0000-0000-000000000000")
        #expect(DebugIdentifier.make(buildID: []) == nil)
        let plain = "e20a2268-5dc6-c165-b6aa-a12fa6765a6e"
        for text in [
            plain, plain.uppercased() + "-0", "E20A22685DC6C165B6AAA12FA6765A6E", "e20a22685dc6c165b6aaa12fa6765a6e0",
        ] {
            #expect(DebugIdentifier.normalized(text) == plain, "\(text)")
        }
        #expect(DebugIdentifier.normalized(plain + "-A") == plain + "-a")
        for text in ["", "e20a", plain + "-123456789", plain.replacing("e", with: "g")] {
            #expect(DebugIdentifier.normalized(text) == nil, "\(text)")
        }
    }
}
