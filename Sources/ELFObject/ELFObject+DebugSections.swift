extension ELFObject {
    /// All sections named `name`, as ``debugSection(named:)`` gives one: gcc puts every type unit into a section of its
    /// own, and a `.dwo` file keeps them apart without the groups that told them from the rest.
    public func debugSections(named name: String) throws(ELFError) -> [DebugSection] {
        let compressedName = name.hasPrefix(".debug_") ? ".zdebug_" + name.dropFirst(7) : name
        var result: [DebugSection] = []
        for section in sections where (section.name == name || section.name == compressedName) && section.hasContents {
            result.append(try DebugSection(self, section, relocations: RelocationPlan(self, section)))
        }
        return result
    }
}
