import Demangling
import Foundation
import ParserTasks

/// The tasks of the sandboxed child, by name: request and reply are JSON, files are descriptors. Every reply is a
/// `ParserReply`: the value, or why there is none.
///
/// | task | request | descriptors | value of the reply |
/// |---|---|---|---|
/// | `inspect` | nothing, or `{"objectName": …}` | object, perhaps file for embedded texts | `ObjectInspection` |
/// | `build` | `IndexBuildRequest` | object, index to write, the request's inputs | `IndexBuildReport` |
/// | `demangle` | `DemangleRequest` | none | `DemangleReply` |
/// | `code` | `CodeRequest` | object | `CodeReply` |
///
/// Only a process that ends after the task may run these: they let a dying demangler jump out of its library.
public enum ParserTaskHandlers {
    /// A task: request and descriptors to reply.
    public typealias Handler = @Sendable (_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8]

    /// All tasks by name. `observer` is told what a build does.
    public static func all(observer: BuildObserver = .none) -> [String: Handler] {
        [
            ObjectInspection.task: { try inspect($0, $1) },
            IndexBuildRequest.task: { request, descriptors in
                Demangler.installGuards()
                return try build(request, descriptors, observer)
            },
            DemangleRequest.task: { request, descriptors in
                Demangler.installGuards()
                return try demangle(request, descriptors)
            },
            CodeRequest.task: { try code($0, $1) },
        ]
    }

    private struct InspectionRequest: Decodable {
        var objectName: String?
    }

    static func inspect(_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8] {
        try reply { () throws(IndexBuildError) -> ObjectInspection in
            guard let object = descriptors.first else { throw missingDescriptor(ObjectInspection.task) }
            let name = request.isEmpty ? nil : try decode(InspectionRequest.self, request).objectName
            return try inspectObject(
                object, name: name ?? "object", embeddedTexts: descriptors.count > 1 ? descriptors[1] : nil)
        }
    }

    static func build(
        _ request: [UInt8], _ descriptors: [Int32], _ observer: BuildObserver = .none
    ) throws -> [UInt8] {
        try reply { () throws(IndexBuildError) -> IndexBuildReport in
            guard descriptors.count >= 2 else { throw missingDescriptor(IndexBuildRequest.task) }
            return try buildIndex(
                decode(IndexBuildRequest.self, request), object: descriptors[0], output: descriptors[1],
                inputs: Array(descriptors[2...]), observer: observer)
        }
    }

    static func demangle(_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8] {
        try reply { () throws(IndexBuildError) -> DemangleReply in
            let demangler = Demangler()
            let names = try decode(DemangleRequest.self, request).names.map { name in
                let demangled = demangler.demangle(name)
                return DemangleReply.Name(full: demangled.full, simplified: demangled.simplified)
            }
            return DemangleReply(names: names)
        }
    }

    static func code(_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8] {
        try reply { () throws(IndexBuildError) -> CodeReply in
            guard let object = descriptors.first else { throw missingDescriptor(CodeRequest.task) }
            return try readCode(decode(CodeRequest.self, request), object: object)
        }
    }

    /// What `body` gives, or its refusal.
    private static func reply<Value: Codable & Sendable>(
        _ body: () throws(IndexBuildError) -> Value
    ) throws -> [UInt8] {
        let reply: ParserReply<Value>
        do throws(IndexBuildError) {
            reply = .value(try body())
        } catch {
            reply = .refused(error.refusal)
        }
        return try encode(reply)
    }

    private static func missingDescriptor(_ task: String) -> IndexBuildError {
        .request("task \(task): too few descriptors")
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, _ bytes: [UInt8]
    ) throws(IndexBuildError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw IndexBuildError.request("\(type): the request is not understood: \(error)")
        }
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(value))
    }
}
