import CCrypto
import Glibc

/// A running SHA-256 or MD5 over bytes that come in pieces, by OpenSSL's libcrypto.
///
/// SHA-256 names blobs (objects, sources, indexes); MD5 is only compared with the checksums that DWARF 5 line tables carry
/// (DWARF 5, section 6.2.4.1, `DW_LNCT_MD5`).
public struct DigestStream: ~Copyable {
    /// The hash function.
    public enum Algorithm: Sendable {
        case sha256
        case md5
    }

    private let context: OpaquePointer

    /// Starts an empty digest.
    public init(_ algorithm: Algorithm) {
        // EVP_MD_CTX_new fails only when malloc does.
        guard let created = EVP_MD_CTX_new() else { abort() }
        context = created
        EVP_DigestInit_ex(context, algorithm == .sha256 ? EVP_sha256() : EVP_md5(), nil)
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// Ends the digest: 32 bytes for SHA-256, 16 for MD5.
    public consuming func finish() -> [UInt8] {
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        EVP_DigestFinal_ex(context, &result, &length)
        return Array(result.prefix(Int(length)))
    }
}

/// One-call digests.
public enum Digest {
    /// The SHA-256 of `bytes` as 64 lower-case hexadecimal digits: the name of a blob.
    public static func sha256(_ bytes: UnsafeRawBufferPointer) -> String {
        var stream = DigestStream(.sha256)
        stream.update(bytes)
        return Hexadecimal.string(stream.finish())
    }

    /// The SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
    public static func sha256(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { sha256($0) }
    }

    /// The MD5 of `bytes`, 16 bytes.
    public static func md5(_ bytes: [UInt8]) -> [UInt8] {
        var stream = DigestStream(.md5)
        bytes.withUnsafeBytes { stream.update($0) }
        return stream.finish()
    }
}
