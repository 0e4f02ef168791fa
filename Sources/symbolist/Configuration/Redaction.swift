import Foundation

/// Takes passwords out of text that is printed: settings, and errors that repeat what was on the command line.
enum Redaction {
    /// `scheme://user:secret@host` → `scheme://user:***@host`, `…?password=secret` → `…?password=***`, wherever they stand.
    ///
    /// A password may hold an unescaped `@`: the last one before a blank or quote counts.
    static func redact(_ text: String) -> String {
        text.replacing(#/([A-Za-z][A-Za-z0-9+.\-]*:\/\/[^\s:\/@'"]*):[^\s'"]*@/#) { "\($0.1):***@" }
            .replacing(#/([?&](?:ssl)?password=)[^&\s'"]*/#.ignoresCase()) { "\($0.1)***" }
    }
}
