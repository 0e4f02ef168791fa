import Glibc
import Sandbox

/// Tasks that take memory, and that tell what they are doing meanwhile.
enum MemoryTasks {
    static let all: [String: SandboxChild.Task] = [
        "hoard": { _, _ in
            SandboxChild.working(on: "reading .debug_info", of: "libjvm.debug", at: 0x2f)
            var hoard: [[UInt8]] = []
            while true { hoard.append([UInt8](repeating: 1, count: 1 << 20)) }
        },
        "hoard-on-threads": { _, _ in
            // Each thread has said something else when the limit is reached.
            _ = try ThreadTasks.onThreads(3) { number in
                if number == 0 {
                    SandboxChild.working(on: "decompressing .debug_line", of: "libjvm.debug")
                } else {
                    SandboxChild.working(on: "reading .debug_info", of: "libjvm.debug")
                }
                // All speak before one hoards.
                while number > 0 {
                    SandboxChild.working(at: UInt64(number) << 8)
                    sleep(1)
                }
                sleep(1)
                var hoard: [[UInt8]] = []
                while true { hoard.append([UInt8](repeating: 1, count: 1 << 20)) }
            }
            return []
        },
        // Holds so many MB for a moment, which is no offence.
        "hoard-until": { request, _ in
            let hoard = (0..<ThreadTasks.number(request)).map { [UInt8](repeating: UInt8($0 % 200), count: 1 << 20) }
            usleep(50_000)
            return Array(String(hoard.count).utf8)
        },
        "hoard-at-once": { request, _ in
            let count = ThreadTasks.number(request)
            return [[UInt8](repeating: 1, count: count)[count / 2]]
        },
        // Reserves what the request says and touches a page in 16 MiB of it: what room for sections costs.
        "reserve": { request, _ in
            let size = ThreadTasks.number(request)
            let memory = mmap(
                nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            guard memory != MAP_FAILED, let memory else { throw TestError(description: "mmap: \(errno)") }
            madvise(memory, size, MADV_NOHUGEPAGE)
            for offset in stride(from: 0, to: size, by: 16 << 20) {
                memory.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
            }
            usleep(100_000)
            return Array(String(size).utf8)
        },
        // Touches much, never much at once.
        "stream": { request, _ in
            let size = ThreadTasks.number(request)
            let window = 32 << 20
            let memory = mmap(
                nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            guard memory != MAP_FAILED, let memory else { throw TestError(description: "mmap: \(errno)") }
            for offset in stride(from: 0, to: size, by: window) {
                memset(memory + offset, 1, window)
                madvise(memory + offset, window, MADV_DONTNEED)
            }
            return Array(String(size).utf8)
        },
        "share-anonymously": { _, _ in
            let memory = mmap(nil, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
            return memory == MAP_FAILED ? [0] : [1]
        },
        "progress": { request, _ in
            let steps = UInt64(ThreadTasks.number(request))
            for step in 0...steps {
                SandboxChild.progress(done: step, total: steps)
                if step % (max(steps, 10) / 10) == 0 { usleep(50_000) }
            }
            return request
        },
        "work-then-sleep": { request, _ in
            SandboxChild.working(on: "reading .debug_abbrev", of: String(decoding: request, as: UTF8.self))
            while true { sleep(1000) }
        },
        "work-then-spin": { _, _ in
            SandboxChild.working(on: "reading .debug_line", of: "till", at: 7)
            var time = timespec()
            while clock_gettime(CLOCK_MONOTONIC, &time) == 0 {}
            return []
        },
        "work-then-grow": { _, descriptors in
            SandboxChild.working(on: "writing the index", of: "till")
            let piece = [UInt8](repeating: 1, count: 1 << 16)
            while write(descriptors[0], piece, piece.count) > 0 {}
            return []
        },
        // What a child in the hands of its input may do to the page.
        "scribble": { request, _ in
            SandboxChild.progress(done: .max, total: 1)
            SandboxChild.progress(done: 1, total: .max)
            for number in 0..<200_000 {
                SandboxChild.progress(done: UInt64(number), total: UInt64(number % 7))
                SandboxChild.working(
                    on: "reading\u{1b}[2J", of: String(repeating: "x\n", count: number % 300), at: UInt64(number))
            }
            if request.first == UInt8(ascii: "!") { abort() }
            return []
        },
    ]
}
