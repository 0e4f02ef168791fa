import CrashEvent

extension CrashReports {
    /// The event of an input that is a Sentry envelope, or an event in base64: `nil` for other inputs.
    ///
    /// Called for what is no JSON document as a whole.
    static func sentryEvent(
        of bytes: [UInt8], limits: CrashReportLimits
    ) throws(CrashReportError) -> (format: DecodedReport.Format, event: [UInt8], notes: [String])? {
        if let envelope = try SentryEnvelope(bytes, limits: limits) {
            return (.sentryEnvelope, try envelope.eventBytes(bytes, limits: limits), envelope.notes)
        }
        // `ey` is how `{"` begins.
        guard bytes.starts(with: "ey".utf8), let decoded = Base64.decode(bytes),
            let document = try? JSONDocument(decoded, limits: limits.json),
            case .sentryEvent = ReportRecognition.shape(of: document)
        else { return nil }
        return (.sentryEvent, decoded, [])
    }
}
