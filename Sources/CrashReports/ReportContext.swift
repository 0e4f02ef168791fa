import CrashEvent

/// What is known about a crash from elsewhere: from the command line, or from the `context` column beside the payload.
///
/// In JSON: an object with any of `release`, `environment`, `server_name`, `dist` (strings), `tags` (an object), `user`
/// (an object, or a string for its id), `stderr` (a string: what the process wrote before it died) and `images` (see
/// ``GivenImage``). Other keys go to `extra`.
public struct ReportContext: Equatable, Sendable {
    /// The release that crashed.
    public var release: String?
    /// `production`, `staging`, …
    public var environment: String?
    /// The machine.
    public var serverName: String?
    /// The variant of the release.
    public var distribution: String?
    /// Tags by key.
    public var tags: [String: String]
    /// The bytes of a JSON object about the person it happened to.
    public var user: [UInt8]?
    /// What the process wrote to standard error before it died; the event keeps the last 64 KiB.
    public var stderr: String?
    /// Builds that a person vouches for, for images that the dump gives no id of.
    public var images: [GivenImage]
    /// The bytes of JSON values by key that no event field is known for.
    public var extra: [String: [UInt8]]

    /// What is known; nothing unless told otherwise.
    public init(
        release: String? = nil, environment: String? = nil, serverName: String? = nil, distribution: String? = nil,
        tags: [String: String] = [:], user: [UInt8]? = nil, stderr: String? = nil, images: [GivenImage] = [],
        extra: [String: [UInt8]] = [:]
    ) {
        self.release = release
        self.environment = environment
        self.serverName = serverName
        self.distribution = distribution
        self.tags = tags
        self.user = user
        self.stderr = stderr
        self.images = images
        self.extra = extra
    }

    /// Reads the JSON form. Values of another type than expected are kept under `extra`.
    public init(json bytes: [UInt8]) throws(CrashReportError) {
        self.init()
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes)
        } catch {
            throw .malformedContext(reason: error.description)
        }
        guard document.kind(of: document.root) == .object else {
            throw .malformedContext(reason: "a JSON \(document.kind(of: document.root))")
        }
        for (keyNode, value) in document.members(of: document.root) {
            guard let key = document.string(keyNode), document.kind(of: value) != .null else { continue }
            switch (key, document.kind(of: value)) {
            case ("release", .string): release = document.string(value)
            case ("environment", .string): environment = document.string(value)
            case ("server_name", .string): serverName = document.string(value)
            case ("dist", .string), ("dist", .number): distribution = document.text(value)
            case ("stderr", .string): stderr = document.string(value)
            case ("images", .array):
                images = document.elements(of: value).compactMap { GivenImage($0, in: document) }
            case ("user", .object): user = Array(document.rawBytes(of: value))
            case ("user", .string):
                var writer = JSONWriter()
                writer.beginObject()
                writer.member("id", document.string(value) ?? "")
                writer.endObject()
                user = writer.bytes
            case ("tags", .object):
                for (name, tag) in document.members(of: value) {
                    guard let name = document.string(name), document.kind(of: tag) != .null else { continue }
                    tags[name] = document.text(tag) ?? String(decoding: document.rawBytes(of: tag), as: UTF8.self)
                }
            default: extra[key] = Array(document.rawBytes(of: value))
            }
        }
    }

    /// True when nothing is known.
    public var isEmpty: Bool { self == ReportContext() }

    /// The JSON form, keys in a fixed order.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("release", ifPresent: release)
        writer.member("environment", ifPresent: environment)
        writer.member("server_name", ifPresent: serverName)
        writer.member("dist", ifPresent: distribution)
        if !tags.isEmpty {
            writer.key("tags")
            writer.beginObject()
            for (name, value) in tags.sorted(by: { $0.key < $1.key }) { writer.member(name, value) }
            writer.endObject()
        }
        if let user { writer.member("user", raw: user) }
        writer.member("stderr", ifPresent: stderr)
        if !images.isEmpty {
            writer.key("images")
            writer.beginArray()
            for image in images { image.write(to: &writer) }
            writer.endArray()
        }
        for (name, value) in extra.sorted(by: { $0.key < $1.key }) { writer.member(name, raw: value) }
        writer.endObject()
        return writer.bytes
    }
}
