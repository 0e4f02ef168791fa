import ArgumentParser
import CrashReports
import DebugFiles

/// Builds for images that a dump gives no id of.
struct ImageOptions: ParsableArguments {
    @Option(
        name: [.customShort("e"), .customLong("executable")],
        help: ArgumentHelp(
            "The file of an image that has no build id in the dump: of the one with the file's name or NAME, or of plain "
                + "addresses. With @ADDRESS of an image loaded there that the dump does not list. Repeatable.",
            valueName: "[name=]file[@address]"))
    var executable: [GivenFile] = []

    @Option(
        name: .customLong("build-id"),
        help: ArgumentHelp(
            "The same for an uploaded file, by its build id. Repeatable.", valueName: "[name=]id[@address]"))
    var buildID: [GivenFile] = []

    /// Files to open besides those of `--debug-file`.
    var paths: [String] { executable.map(\.value) }

    /// What the decoders are told. A file without a build id is found by its name.
    func images(_ files: [LocalDebugFiles.File]) -> [GivenImage] {
        let ids = Dictionary(files.map { ($0.path, $0.buildID) }) { first, _ in first }
        let named = executable.map { given in
            GivenImage(
                name: given.name ?? given.value, codeID: ids[given.value] ?? nil, address: given.address)
        }
        return named
            + buildID.map {
                GivenImage(name: $0.name, codeID: CatalogueID.buildID($0.value)?.id, address: $0.address)
            }
    }

    func validate() throws {
        for given in buildID where CatalogueID.buildID(given.value) == nil {
            throw ValidationError("--build-id: '\(given.value)' is no build id: it takes hexadecimal digits")
        }
    }
}

/// `[NAME=]VALUE[@0xADDRESS]`.
struct GivenFile: ExpressibleByArgument, Sendable {
    let name: String?
    let value: String
    let address: UInt64?

    init?(argument: String) {
        var rest = Substring(argument)
        if let at = rest.lastIndex(of: "@"), rest[at...].hasPrefix("@0x"),
            let address = UInt64(rest[rest.index(at, offsetBy: 3)...], radix: 16)
        {
            self.address = address
            rest = rest[..<at]
        } else {
            address = nil
        }
        if let equals = rest.firstIndex(of: "="), equals != rest.startIndex, !rest[..<equals].contains("/") {
            name = String(rest[..<equals])
            rest = rest[rest.index(after: equals)...]
        } else {
            name = nil
        }
        guard !rest.isEmpty else { return nil }
        value = String(rest)
    }
}
