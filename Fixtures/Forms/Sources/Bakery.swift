import CPress

@inline(__always) func portion(_ amount: Int, _ parts: Int) -> Int { amount / parts }

@_cdecl("bake") public func bake(_ count: Int32) -> Int32 {
    let miller = Miller()
    let flours = (1...Int(count)).map { Flour(type: $0 * 405) }
    miller.stock = flours
    let press = press(force: count, turns: 3)
    let oil = squeeze(press, count) + pressed(press)
    return oil + Int32(truncatingIfNeeded: miller.blend(flours, at: portion(Int(count), 3)) + total(flours))
}
