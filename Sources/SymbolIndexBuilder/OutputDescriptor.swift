import Glibc

/// Plain writes to a descriptor that the parent handed over: all that the child's system call filter permits.
struct OutputDescriptor {
    let descriptor: Int32
    /// What is written, for errors.
    let name: String
    private(set) var written = 0

    static let fileTooLarge = EFBIG

    init(_ descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// Writes all of `bytes` behind what is there.
    mutating func write(_ bytes: [UInt8]) throws(IndexBuildError) {
        try bytes.withUnsafeBufferPointer { buffer throws(IndexBuildError) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Writes all of `bytes` behind what is there.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(IndexBuildError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw .output(name: name, errno: code, written: written + done, total: written + bytes.count)
            }
            // `write` of more than 0 bytes to a file returns 0 only when something is very wrong.
            if count == 0 {
                throw .output(name: name, errno: EIO, written: written + done, total: written + bytes.count)
            }
            done += count
        }
        written += done
    }

    static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}
