/// The images of an encoded `Runtime.ImageMap`.
///
///     02                                    version and width of addresses, as for the frames
///     25 "Linux (Debian GNU/Linux 12 …)"    platform; an older revision of the same version lacks it
///     15                                    number of images, then for each
///       ad | base | size                    a byte (bit 7: the base is counted from the image before; bits 5–3 and 2–0:
///                                           lengths − 1), base and end of text counted from it, signed
///       14 | build id                       length, bytes
///       0c "/tmp/sw/shop" 00                path in segments: 1…63 literal bytes, 64…127 a framework, 128… a prefix that
///                                           was seen before, 0 the end
struct SwiftCompactImages {
    /// Longer than any path that the system can open.
    private static let maximumPath = 4096
    /// Bytes of all paths, and of all prefixes: a byte can stand for a whole prefix.
    private static let maximumText = 8 << 20

    private static let knownPrefixes = [
        "/lib", "/usr/lib", "/usr/local/lib", "/opt/lib", "/System/Library/Frameworks",
        "/System/Library/PrivateFrameworks", "/System/iOSSupport", "/Library/Frameworks", "/System/Applications",
        "/Applications", "C:\\Windows\\System32", "C:\\Program Files",
    ]

    private(set) var platform: String?
    private(set) var images: [ReportedImage] = []
    /// Whether everything was read.
    private(set) var isComplete = false
    private var data: CompactBytes
    private let mask: UInt64
    /// From number 32 on.
    private var prefixes: [[UInt8]] = []
    private var prefixBytes = 0
    private var pathBytes = 0

    /// Reads the encoding in the revision that explains all of it, else in the one that explains more; `nil` when it is
    /// another version. At most `limit` images.
    init?(_ bytes: [UInt8], limit: Int) {
        guard let newer = SwiftCompactImages(bytes, limit: limit, hasPlatform: true) else { return nil }
        if !newer.isComplete, let older = SwiftCompactImages(bytes, limit: limit, hasPlatform: false),
            older.isComplete || older.images.count > newer.images.count
        {
            self = older
        } else {
            self = newer
        }
    }

    private init?(_ bytes: [UInt8], limit: Int, hasPlatform: Bool) {
        data = CompactBytes(bytes)
        guard let mask = data.addressMask() else { return nil }
        self.mask = mask
        if hasPlatform {
            guard let length = data.count(), length <= 256, let text = data.take(length) else { return }
            platform = text.isEmpty ? nil : text.text
        }
        guard let count = data.count() else { return }
        var base: UInt64 = 0
        for _ in 0..<min(count, limit) {
            guard let image = image(after: &base) else { return }
            images.append(image)
        }
        isComplete = count <= limit && data.isAtEnd
    }

    private mutating func image(after base: inout UInt64) -> ReportedImage? {
        guard let header = data.byte(), let start = data.signed(Int(header >> 3 & 7) + 1),
            let size = data.signed(Int(header & 7) + 1), let length = data.count(), let id = data.take(length)
        else { return nil }
        base = (header & 0x80 == 0 ? start : base &+ start) & mask
        var image = ReportedImage()
        image.address = base
        // A negative size would end the image before it starts.
        image.size = size >> 63 == 0 && size > 0 ? size & mask : nil
        if (2...64).contains(id.count) {
            image.codeID = id.reduce(into: "") { text, byte in
                if byte < 16 { text += "0" }
                text += String(byte, radix: 16)
            }
        }
        guard let path = path() else { return nil }
        image.path = path.isEmpty ? nil : String(decoding: path, as: UTF8.self)
        return image
    }

    private mutating func path() -> [UInt8]? {
        var path: [UInt8] = []
        var literalStart: Int?
        while let code = data.byte() {
            switch code {
            case 0: return finished(path)
            case 1..<0x40:
                guard let text = data.take(Int(code)) else { return nil }
                let start = literalStart ?? path.count
                literalStart = start
                for (offset, byte) in text.enumerated() {
                    if offset > 0, byte == 0x2f { define(path[start...]) }
                    path.append(byte)
                }
            case 0x40..<0x80:
                guard let version = data.byte(), let name = data.take(Int(code & 0x3f) + 1) else { return nil }
                path += "/".utf8 + name + ".framework/Versions/".utf8 + [version] + "/".utf8 + name
                return finished(path)
            default:
                let number = code & 0x40 == 0 ? UInt64(code & 0x3f) : data.unsigned(Int(code & 0x3f)) ?? .max
                guard let prefix = prefix(number) else { return nil }
                path += prefix
            }
            guard path.count <= Self.maximumPath else { return nil }
        }
        return nil
    }

    private mutating func finished(_ path: [UInt8]) -> [UInt8]? {
        pathBytes += path.count
        return pathBytes <= Self.maximumText ? path : nil
    }

    /// The literal part of a path up to a slash gets the next number.
    private mutating func define(_ prefix: ArraySlice<UInt8>) {
        prefixBytes += prefix.count
        prefixes.append(prefixBytes <= Self.maximumText ? Array(prefix) : [])
    }

    private func prefix(_ number: UInt64) -> [UInt8]? {
        if number < UInt64(Self.knownPrefixes.count) { return Array(Self.knownPrefixes[Int(number)].utf8) }
        guard number >= 32, number - 32 < UInt64(prefixes.count) else { return nil }
        return prefixes[Int(number - 32)]
    }
}
