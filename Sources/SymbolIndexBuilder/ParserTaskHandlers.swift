import Demangling
import Foundation
import ParserTasks

/// The tasks of the sandboxed child, by name: request and reply are JSON, files are descriptors.
///
/// | task | request | descriptors | reply |
/// |---|---|---|---|
/// | `inspect` | nothing, or `{"objectName": …}` | object, perhaps file for embedded texts | `ObjectInspection` |
/// | `build` | `IndexBuildRequest` | object, index to write | `IndexBuildReport` |
/// | `demangle` | `DemangleRequest` | none | `DemangleReply` |
///
/// Only a process that ends after the task may run these: they let a dying demangler jump out of its library.
public enum ParserTaskHandlers {
    /// A task: request and descriptors to reply.
    public typealias Handler = @Sendable (_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8]

    /// All tasks by name.
    public static var all: [String: Handler] {
        [
            ObjectInspection.task: { try inspect($0, $1) },
            IndexBuildRequest.task: { request, descriptors in
                Demangler.installGuards()
                return try build(request, descriptors)
            },
            DemangleRequest.task: { request, descriptors in
                Demangler.installGuards()
                return try demangle(request, descriptors)
            },
        ]
    }

    private struct InspectionRequest: Decodable {
        var objectName: String?
    }

    static func inspect(_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8] {
        guard let object = descriptors.first else { throw missingDescriptor(ObjectInspection.task) }
        let name = request.isEmpty ? nil : try decode(InspectionRequest.self, request).objectName
        return try encode(
            inspectObject(
                object, name: name ?? "object", embeddedTexts: descriptors.count > 1 ? descriptors[1] : nil))
    }

    static func build(_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8] {
        guard descriptors.count >= 2 else { throw missingDescriptor(IndexBuildRequest.task) }
        return try encode(
            buildIndex(decode(IndexBuildRequest.self, request), object: descriptors[0], output: descriptors[1]))
    }

    static func demangle(_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8] {
        let demangler = Demangler()
        let names = try decode(DemangleRequest.self, request).names.map { name in
            let demangled = demangler.demangle(name)
            return DemangleReply.Name(full: demangled.full, simplified: demangled.simplified)
        }
        return try encode(DemangleReply(names: names))
    }

    private static func missingDescriptor(_ task: String) -> IndexBuildError {
        .request("task \(task): too few descriptors")
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
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
