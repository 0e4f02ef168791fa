import Foundation
import ParserTasks

@testable import Unwinding

/// Unwinds as the parent would, with descriptors, and with the files that `choose` names for each module.
func unwound(
    _ core: String, limits: UnwindLimits = UnwindLimits(),
    files choose: (DumpModule) -> [(path: String, isDebugFile: Bool)]
) throws -> UnwoundDump {
    let dump = open(core, O_RDONLY | O_CLOEXEC)
    defer { close(dump) }
    let inspection = try DumpUnwinding.inspect(dump, name: core, limits: limits)
    var request = DumpRequest(name: core, limits: limits)
    var descriptors: [Int32] = []
    defer { descriptors.forEach { close($0) } }
    for (index, module) in inspection.modules.enumerated() {
        for file in choose(module) {
            let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            descriptors.append(descriptor)
            request.files.append(.init(module: index, isDebugFile: file.isDebugFile, name: file.path))
        }
    }
    return try DumpUnwinding.unwind(request, dump: dump, files: descriptors)
}

/// The same with the files at the modules' own paths: this machine made the core.
func unwoundLocally(_ core: String, limits: UnwindLimits = UnwindLimits()) throws -> UnwoundDump {
    try unwound(core, limits: limits) { $0.isExecutable ? [($0.path, false)] : [] }
}

extension UnwoundThread {
    /// What lies on the stack, without async callers.
    var physical: [UInt64] { (frames.filter { $0.kind != .asyncResumePoint } + ranOn).map(\.address) }
}
