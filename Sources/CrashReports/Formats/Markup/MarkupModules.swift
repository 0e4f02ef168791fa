/// What a process's markup says about its modules and where they lie.
///
///     {{{module:0:till:elf:8f2c…}}}
///     {{{mmap:0x55d0c0de0000:0x1000:load:0:r:0x0}}}          image address = 0x55d0c0de0000 − 0x0
///     {{{mmap:0x55d0c0de1000:0x3000:load:0:rx:0x1000}}}
struct MarkupModules {
    private struct Module {
        var name: String
        var buildID: String?
        var start: UInt64?
        var linkAddress: UInt64 = 0
        var end: UInt64 = 0
    }

    private static let maximumModules = 65536
    private var modules: [Module] = []
    private var position: [UInt64: Int] = [:]
    /// What did not fit, for people.
    private(set) var notes: [String] = []

    mutating func add(module id: UInt64, name: String, buildID: String?) {
        guard position[id] == nil, modules.count < Self.maximumModules else { return }
        position[id] = modules.count
        modules.append(Module(name: name, buildID: buildID))
    }

    mutating func add(start: UInt64, size: UInt64, module id: UInt64, linkAddress: UInt64) {
        guard let index = position[id] else {
            if notes.count < 16 { notes.append("a mapping names module \(id), which was not described") }
            return
        }
        let end = start &+ size
        if let known = modules[index].start, known <= start {
            modules[index].end = max(modules[index].end, end)
            return
        }
        modules[index].end = max(modules[index].end, end)
        modules[index].start = start
        modules[index].linkAddress = linkAddress
    }

    /// In the order of their description.
    var images: [ReportedImage] {
        modules.map { module in
            var image = ReportedImage()
            image.path = module.name.isEmpty ? nil : module.name
            image.codeID = module.buildID
            guard let start = module.start else { return image }
            // Where the address that is linked at 0 lies. A file that lies where it was linked is an executable with a
            // base of its own, its lowest mapping.
            let bias = start.subtractingReportingOverflow(module.linkAddress)
            let address = bias.overflow || bias.partialValue == 0 ? start : bias.partialValue
            image.address = address
            image.size = module.end - address
            return image
        }
    }
}
