// Rendering: an enriched event as people see it.
//
//     JSONDocument ─▶ EventStory ─┬─▶ EventText       terminals and logs
//                                 ├─▶ EventMarkdown   issues and chat
//                                 └─▶ EventHTML       a file for a ticket
//
// EventStory reads the event once and in bounded space; the three only lay it out. All text of an event is untrusted: it
// passes Visible, and then what its target needs besides.

/// What an event is shown as.
public enum RenderingFormat: String, CaseIterable, Sendable {
    /// For terminals and logs.
    case text
    /// The event itself.
    case json
    /// One self-contained page.
    case html
    /// For issues and chat.
    case markdown
}
