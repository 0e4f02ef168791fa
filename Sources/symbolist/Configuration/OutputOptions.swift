public import ArgumentParser
public import Rendering

/// How enriched events are shown.
struct OutputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What is written: text; the enriched event as json; one self-contained html page; markdown for an issue.",
            valueName: "text|json|html|markdown"))
    var format: RenderingFormat?

    @Flag(help: "The same as --format json.")
    var json = false

    @Flag(help: "Every frame and thread, nothing folded; registers too.")
    var allFrames = false

    @Option(
        help: ArgumentHelp(
            "Cut long names in the middle so that lines have so many columns; 0 cuts nothing. Without it the terminal's "
                + "width, and nothing is cut in a pipe or file.", valueName: "columns"))
    var width: Int?

    @Option(help: ArgumentHelp("Source lines shown around each line. (default: 2; html: 5)", valueName: "lines"))
    var context: Int?

    func validate() throws {
        if let context, !(0...5).contains(context) {
            throw ValidationError("--context: \(context) is not between 0 and 5")
        }
        if let width, width != 0, !(40...10_000).contains(width) {
            throw ValidationError("--width: \(width) is neither 0 nor between 40 and 10000")
        }
        if json, let format, format != .json {
            throw ValidationError("--json and --format \(format) exclude each other")
        }
    }

    /// What was asked for.
    var chosen: RenderingFormat { format ?? (json ? .json : .text) }

    /// For text; colour and width as the terminal behind standard output has them.
    func text(on terminal: Terminal) -> TextOptions {
        var options = TextOptions()
        options.context = context ?? options.context
        options.showsAllFrames = allFrames
        options.style = Style(isOn: terminal.hasColour)
        options.width = width.map { $0 == 0 ? nil : $0 } ?? (terminal.isInteractive ? terminal.width : nil)
        return options
    }

    /// For a page.
    var page: HTMLOptions {
        var options = HTMLOptions()
        options.context = context ?? options.context
        options.showsAllFrames = allFrames
        return options
    }
}

extension RenderingFormat: ExpressibleByArgument {}
