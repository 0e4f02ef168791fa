import CFileSystem
import Glibc

/// Tells local file systems from those that SQLite's write-ahead log must not be used on.
///
/// WAL keeps its index in memory mapped by every process (the `-shm` file) and orders writers by POSIX locks. On a file
/// system served by another machine neither is shared between hosts, and some lie about both to processes of one host;
/// the damage shows only later. So such a file is refused, without a switch to insist.
///
/// Refused by `statfs` type: NFS, SMB (1, 2 and 3: CIFS), NCP, AFS, Coda, 9P, Ceph, Lustre, GPFS, GFS2, OCFS2, BeeGFS,
/// PanFS, and the shared folders of VirtualBox, VMware and Parallels. FUSE has one type for all, so the mount table's
/// name decides there: those of ``localUserSpaceTypes`` are let through, any other (`fuse.sshfs`, `fuse.s3fs`,
/// `fuse.rclone`, …) is refused.
public struct FileSystemProbe: Sendable {
    /// The `f_type` of `statfs` for the file system that holds the path.
    public var magic: @Sendable (_ path: String) throws(DatabaseOpeningError) -> UInt32
    /// The mount table's type of the file system that holds the path, such as `fuse.sshfs`; `nil` when it is not
    /// listed.
    public var mountType: @Sendable (_ path: String) -> String?

    /// Replaces the system's answers: for tests.
    public init(
        magic: @escaping @Sendable (_ path: String) throws(DatabaseOpeningError) -> UInt32,
        mountType: @escaping @Sendable (_ path: String) -> String?
    ) {
        self.magic = magic
        self.mountType = mountType
    }

    /// Asks the kernel.
    public static let system = FileSystemProbe(magic: systemMagic, mountType: systemMountType)

    /// Types that the mount table shows for FUSE file systems whose data and processes are this machine's.
    public static let localUserSpaceTypes: Set<String> = ["fuseblk", "fuse.fuse-overlayfs"]

    private static let fuse: UInt32 = 0x6573_5546
    private static let remoteTypes: [UInt32: String] = [
        0x6969: "NFS", 0x517b: "SMB", 0xff53_4d42: "CIFS (SMB)", 0xfe53_4d42: "SMB 2 or 3", 0x564c: "NCP",
        0x5346_414f: "AFS", 0x6b41_4653: "AFS", 0x7375_7245: "Coda", 0x0102_1997: "9P", 0x00c3_6400: "Ceph",
        0x0bd0_0bd0: "Lustre", 0x4750_4653: "GPFS", 0x0116_1970: "GFS2", 0x7461_636f: "OCFS2", 0x1983_0326: "BeeGFS",
        0xaad7_aaea: "PanFS", 0x786f_4256: "a VirtualBox shared folder", 0xbacb_acbc: "a VMware shared folder",
        0x7c7c_6673: "a Parallels shared folder",
    ]

    /// Why the file system that holds `path` is refused, as its name; `nil` when it is local.
    func refusal(_ path: String) throws(DatabaseOpeningError) -> String? {
        let type = try magic(path)
        if let name = Self.remoteTypes[type] { return name }
        guard type == Self.fuse else { return nil }
        guard let name = mountType(path) else { return "a FUSE file system of unknown type" }
        return Self.localUserSpaceTypes.contains(name) ? nil : name
    }

    @Sendable private static func systemMagic(_ path: String) throws(DatabaseOpeningError) -> UInt32 {
        var info = statfs()
        guard statfs(path, &info) == 0 else { throw .system(operation: "statfs", path: path, errno: errno) }
        return UInt32(truncatingIfNeeded: info.f_type)
    }

    /// The mount with the path's device number: sees through bind mounts and symbolic links, unlike a comparison of
    /// paths.
    @Sendable private static func systemMountType(_ path: String) -> String? {
        var info = stat()
        guard stat(path, &info) == 0, let file = fopen("/proc/self/mountinfo", "re") else { return nil }
        defer { fclose(file) }
        let device = "\(gnu_dev_major(info.st_dev)):\(gnu_dev_minor(info.st_dev))"
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0, let text = line {
            // "36 35 98:0 /root /mount options [optional fields] - type source super-options" (proc(5)).
            let fields = String(cString: text).split(separator: " ")
            guard fields.count > 2, fields[2] == device, let dash = fields.firstIndex(of: "-") else { continue }
            return dash + 1 < fields.count ? String(fields[dash + 1]) : nil
        }
        return nil
    }
}
