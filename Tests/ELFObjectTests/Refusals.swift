import ELFObject
import Testing

/// What errors call hand-built files.
let file = "hand-built"

/// The first error of opening the file and reading all of its sections and symbols.
func refusal(_ bytes: [UInt8], limits: ELFLimits = .default) -> ELFError? {
    do {
        let object = try ELFObject(bytes: bytes, limits: limits)
        for section in object.sections where section.hasContents { _ = try object.contents(of: section) }
        _ = try object.symbols()
        return nil
    } catch let error as ELFError {
        return error
    } catch {
        Issue.record(error, "not an ELFError")
        return nil
    }
}

/// The place that a `malformed` error names.
func place(_ error: ELFError?) -> String? {
    if case .malformed(_, let place, _) = error { place } else { nil }
}

/// The place that a `malformed` error of `body` names.
func place(_ body: () throws -> [UInt8]) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return place(error as? ELFError)
    }
}

/// The limit that a `limitExceeded` error names.
func setting(_ error: ELFError?) -> String? {
    if case .limitExceeded(_, _, _, _, let setting) = error { setting } else { nil }
}

/// The reason that a `decompressionFailed` error gives.
func reason(_ error: ELFError?) -> String? {
    if case .decompressionFailed(_, _, let reason) = error { reason } else { nil }
}
