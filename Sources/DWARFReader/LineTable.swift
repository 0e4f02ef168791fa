/// A decoded line table: files with joined paths, and rows.
struct LineTable {
    var files: [SourceFile] = []
    /// The number that `files[0]` has in `DW_AT_decl_file` and `DW_AT_call_file`.
    var firstFileNumber: UInt64 = 1
    var rows: [LineRow] = []
    /// What was wrong with the program or with single texts; the header was valid.
    var failures: [ReadFailure] = []

    /// The index in `files` of a file number; −1 when the table has none such.
    func fileIndex(_ number: UInt64) -> Int32 {
        let index = number &- firstFileNumber
        return index < UInt64(files.count) ? Int32(truncatingIfNeeded: index) : -1
    }

    /// A table without files.
    init() {}

    /// Reads the header at `offset`, and the rows too if `rowBudget` is not `nil`. Throws for a header that cannot be read.
    init(
        _ input: borrowing LineTableInput, at offset: UInt64, compilationDirectory: String?, rowBudget: Int?,
        limits: DWARFLimits
    ) throws(ReadFailure) {
        var header = try LineHeader(input, at: offset, limits: limits)
        firstFileNumber = header.firstFileNumber
        if let rowBudget {
            let (rows, failure) = LineProgram.run(input, header: &header, budget: rowBudget, limits: limits)
            self.rows = rows
            if let failure { failures.append(failure) }
        }
        var paths = PathJoiner(compilationDirectory: compilationDirectory ?? "", version: header.version, limits)
        for directory in header.directories { try paths.add(directory: input.text(directory)) }
        files.reserveCapacity(header.files.count)
        var sourceBudget = limits.embeddedSourcePerUnit
        for entry in header.files {
            var source: [UInt8]?
            let length = entry.source.count
            // An empty text is clang's mark for "this file's text is not embedded".
            if length > 0, length <= sourceBudget {
                sourceBudget -= length
                source = input.bytes(entry.source)
            } else if length > 0 {
                failures.append(
                    .limit(name: "embeddedSourcePerUnit", maximum: limits.embeddedSourcePerUnit))
                sourceBudget = 0
            }
            let path = try paths.path(name: input.text(entry.name), directory: entry.directory)
            files.append(SourceFile(path: path, md5: entry.md5, embeddedSource: source))
        }
    }
}

extension LineHeader.Text {
    /// Length in bytes.
    var count: Int {
        switch self {
        case .none: 0
        case .inLine(let range), .inLineStrings(let range), .inStrings(let range): range.count
        }
    }
}

extension LineTableInput {
    func text(_ text: LineHeader.Text) -> String {
        switch text {
        case .none: ""
        case .inLine(let range): line.text(range)
        case .inLineStrings(let range): lineStrings.text(range)
        case .inStrings(let range): strings.text(range)
        }
    }

    func bytes(_ text: LineHeader.Text) -> [UInt8] {
        switch text {
        case .none: []
        case .inLine(let range): line.array(range)
        case .inLineStrings(let range): lineStrings.array(range)
        case .inStrings(let range): strings.array(range)
        }
    }
}

/// Joins compilation directory, directory and name, and stops a header whose thousands of entries share one huge string.
struct PathJoiner {
    private let compilationDirectory: String
    private let isVersion5: Bool
    private let limits: DWARFLimits
    private var budget: Int
    private var directories: [String] = []

    init(compilationDirectory: String, version: UInt16, _ limits: DWARFLimits) {
        self.compilationDirectory = compilationDirectory
        isVersion5 = version >= 5
        self.limits = limits
        budget = limits.textPerUnit
    }

    /// Adds the next directory of the table; relative ones start from the compilation directory.
    mutating func add(directory: String) throws(ReadFailure) {
        directories.append(try spend(Self.join(compilationDirectory, directory)))
    }

    /// The path of a file in directory number `directory`. Before version 5 number 0 is the compilation directory.
    mutating func path(name: String, directory: UInt64) throws(ReadFailure) -> String {
        if name == SourceFile.compilerGeneratedPath { return name }
        var base = compilationDirectory
        let index = isVersion5 ? directory : directory &- 1
        if index < UInt64(directories.count) { base = directories[Int(index)] }
        return try spend(Self.join(base, name))
    }

    private mutating func spend(_ text: String) throws(ReadFailure) -> String {
        let length = text.utf8.count
        guard length <= budget else { throw .limit(name: "textPerUnit", maximum: limits.textPerUnit) }
        budget -= length
        return text
    }

    /// `name` itself when absolute, else `directory/name` without doubling the slash.
    static func join(_ directory: String, _ name: String) -> String {
        if directory.isEmpty || name.utf8.first == UInt8(ascii: "/") { return name }
        if name.isEmpty { return directory }
        return directory.utf8.last == UInt8(ascii: "/") ? directory + name : directory + "/" + name
    }
}
