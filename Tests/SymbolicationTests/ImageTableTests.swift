import Testing

@testable import Symbolication

@Suite struct ImageTableTests {
    private func table(_ images: [(UInt64, UInt64?)]) -> ImageTable {
        ImageTable(images.enumerated().map { .init(image: $0, start: $1.0, size: $1.1) })
    }

    @Test(
        arguments: [
            (0xfff, nil), (0x1000, 0), (0x1fff, 0), (0x2000, nil), (0x3000, 1), (0x3fff, 1), (0x4000, 2), (0x4fff, 2),
            (0x5000, nil),
        ] as [(UInt64, Int?)])
    func `ranges are half-open`(_ address: UInt64, _ image: Int?) {
        let table = table([(0x1000, 0x1000), (0x3000, 0x1000), (0x4000, 0x1000)])
        #expect(table.image(containing: address) == image)
    }

    @Test func `an image without size reaches to the next start, the last one to the end`() {
        let table = table([(0x3000, nil), (0x1000, nil), (0x2000, 0)])
        #expect(table.image(containing: 0x1fff) == 1)
        #expect(table.image(containing: 0x2000) == 2)
        #expect(table.image(containing: 0x2fff) == 2)
        #expect(table.image(containing: 0x3000) == 0)
        #expect(table.image(containing: .max) == 0)
        #expect(table.image(containing: 0xfff) == nil)
    }

    @Test func `overlaps go to the greatest start, equal starts to the first`() {
        let table = table([(0x1000, 0x9000), (0x3000, 0x1000), (0x3000, 0x2000), (0x3800, nil)])
        #expect(table.image(containing: 0x2fff) == 0)
        #expect(table.image(containing: 0x3000) == 1)
        #expect(table.image(containing: 0x3800) == 3)
        #expect(table.image(containing: 0x20000) == 3)
    }

    @Test func `sizes beyond the address space end with it`() {
        let table = table([(0xffff_ffff_ffff_0000, .max), (1, 1)])
        #expect(table.image(containing: .max) == 0)
        #expect(table.image(containing: 1) == 1)
        #expect(table.image(containing: 2) == nil)
        #expect(ImageTable([]).image(containing: 0) == nil)
    }

    @Test func `agrees with the definition on random tables`() {
        var random = Generator(state: 20)
        for _ in 0..<400 {
            let images: [(UInt64, UInt64?)] = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                (
                    UInt64.random(in: 1...40, using: &random),
                    Bool.random(using: &random) ? UInt64.random(in: 0...25, using: &random) : nil
                )
            }
            let table = table(images)
            for address in UInt64(0)...70 {
                let expected = images.indices.filter { index in
                    let (start, size) = images[index]
                    guard address >= start else { return false }
                    if let size, size > 0 { return address < start + size }
                    return images.map(\.0).filter { $0 > start }.min().map { address < $0 } ?? true
                }.max { (images[$0].0, $1) < (images[$1].0, $0) }
                #expect(table.image(containing: address) == expected, "\(images) at \(address)")
            }
        }
    }
}
