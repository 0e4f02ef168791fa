/// The formats of dumps that are text, most specific first: a format whose lines could be another's stands behind it.
enum TextFormats {
    static let all: [any TextFormat.Type] = [
        SwiftCrashLogFormat.self, SwiftTextFormat.self, SwiftBacktraceFormat.self, SanitizerFormat.self,
        SystemdCoredumpFormat.self, KernelLogFormat.self, MarkupFormat.self, RustPanicFormat.self, GDBFormat.self,
        LLDBFormat.self, EuStackFormat.self, BacktraceSymbolsFormat.self, AddressesFormat.self,
    ]
}
