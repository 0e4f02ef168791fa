/// Where functions of one unit are declared: the namespaces, modules and types around every subprogram entry. Needed only
/// for names without a linkage name, so that names are looked up when asked for.
///
///     namespace app { struct Store { void open(); } }     contexts      0: app, outside −1;  1: Store, outside 0
///                                                         declarations  open ↦ 1
struct DeclarationContexts {
    private struct Context {
        var outside: Int32
        var name: AttributeValue
        var tag: UInt16
    }

    private var contexts: [Context] = []
    /// In the order of the file, so ascending.
    private var declarations: [(offset: Int, context: Int32)] = []

    /// Adds a namespace, module or type; returns its number.
    mutating func add(name: AttributeValue, tag: UInt16, in outside: Int32) -> Int32 {
        contexts.append(Context(outside: outside, name: name, tag: tag))
        return Int32(truncatingIfNeeded: contexts.count - 1)
    }

    /// Adds a subprogram entry.
    mutating func add(declaration offset: Int, in context: Int32) {
        if context >= 0 { declarations.append((offset, context)) }
    }

    /// The names around the subprogram at `offset`, outermost first. `reader` must be the unit's own.
    func names(around offset: Int, _ reader: borrowing UnitReader) -> [String] {
        var low = 0
        var high = declarations.count
        while low < high {
            let middle = (low + high) / 2
            if declarations[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        guard low < declarations.count, declarations[low].offset == offset else { return [] }
        var result: [String] = []
        var context = declarations[low].context
        // Contexts only point to earlier ones: the chain ends.
        while context >= 0 {
            let found = contexts[Int(context)]
            result.append(reader.string(found.name) ?? Self.placeholder(found.tag))
            context = found.outside
        }
        return result.reversed()
    }

    private static func placeholder(_ tag: UInt16) -> String {
        switch tag {
        case Tag.namespace: "(anonymous namespace)"
        case Tag.classType: "(anonymous class)"
        case Tag.structureType: "(anonymous struct)"
        case Tag.unionType: "(anonymous union)"
        case Tag.enumerationType: "(anonymous enum)"
        default: "(anonymous)"
        }
    }

    init() {}

    /// The declarations of a unit that is not being walked for its scopes. Damage ends the list early.
    init(of reader: borrowing UnitReader, budget: inout Int) {
        do throws(ReadFailure) {
            var cursor = try reader.cursor()
            var stack: [(depth: Int, context: Int32)] = []
            while cursor.count < budget, let entry = try cursor.next() {
                while let top = stack.last, top.depth >= entry.closes { stack.removeLast() }
                let outside = stack.last?.context ?? -1
                switch entry.interest {
                case .context:
                    let context = add(name: try cursor.attributes().name, tag: entry.tag, in: outside)
                    stack.append((entry.depth, context))
                case .function, .declaration: add(declaration: entry.offset, in: outside)
                default: break
                }
            }
            budget -= min(budget, cursor.count)
        } catch {
            // Charged in full: the size of a unit bounds its entries.
            budget -= min(budget, reader.header.end - reader.header.offset)
        }
    }
}

/// How a language writes a name inside another.
func nameSeparator(language: UInt16) -> String {
    switch language {
    case 0x0b, 0x13, 0x16, 0x1e: "."  // Java, D, Go, Swift
    default: "::"
    }
}
