/// Joins compilation directory, include directory and name.
enum PathJoiner {
    /// Adds `name` to the path that starts at `start` of `path`: replaces it when absolute, else `path/name` without
    /// doubling the slash.
    static func append(_ name: UnsafeBufferPointer<UInt8>, to path: inout [UInt8], from start: Int) {
        guard let first = name.first else { return }
        let slash = UInt8(ascii: "/")
        if first == slash {
            path.removeSubrange(start...)
        } else if path.count > start, path.last != slash {
            path.append(slash)
        }
        path.append(contentsOf: name)
    }
}
