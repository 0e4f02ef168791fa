/// Growing memory of one owner: what an array is, without counting references and without asking at each change whether
/// the memory is shared. Encoding a range touches a dozen of them.
struct ScratchBuffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 64) {
        self.capacity = max(capacity, 1)
        base = .allocate(capacity: self.capacity)
    }

    /// `count` equal elements.
    init(repeating element: Element, count: Int) {
        self.init(capacity: count)
        base.initialize(repeating: element, count: count)
        self.count = count
    }

    deinit { base.deallocate() }

    /// Element `index`, which the caller knows to be below `count`.
    @inline(__always)
    subscript(_ index: Int) -> Element {
        get { base[index] }
        set { base[index] = newValue }
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if count == capacity { reserve(capacity &* 2) }
        (base + count).initialize(to: element)
        count &+= 1
    }

    /// Room for `capacity` elements in all.
    mutating func reserve(_ capacity: Int) {
        guard capacity > self.capacity else { return }
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        self.capacity = capacity
    }

    /// Declares the first `count` elements, whose memory was reserved and written, to be all.
    mutating func setCount(_ count: Int) { self.count = min(count, capacity) }

    /// Forgets all elements and keeps the memory.
    mutating func clear() { count = 0 }
}
