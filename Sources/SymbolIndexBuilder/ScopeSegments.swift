/// A stretch of code and the scope that owns it.
struct ScopeSegment: Equatable {
    var start: UInt64
    var end: UInt64
    /// Index in the unit's scopes.
    var scope: Int32
}

/// A range of a scope, before it is known what others claim there.
struct ScopeClaim {
    var start: UInt64
    var end: UInt64
    var scope: Int32
    /// The function that the scope belongs to; `scope` itself for a function.
    var root: Int32
}

/// Finds the innermost scope of every address.
///
/// - At each address the *function* that owns it is the last one in the order of the file whose ranges hold it: a function
///   in a function is the inner one, and of functions folded to the same code the last one is shown, as LLVM's tools do.
/// - Then the innermost inlined call *of that function* there; calls are cut to their function's ranges.
///
/// Compilers write scopes that nest: a stack suffices, after a sort by start. The moment that something does not nest, the
/// heap of ``IntervalSweep`` decides instead, so a damaged or folded unit costs more and gives the same answer by the same
/// rule.
struct ScopeSweep {
    private var stack: [ScopeClaim] = []
    private var keys: [UInt64] = []
    private var sorted: [ScopeClaim] = []

    /// Fills `segments` with disjoint stretches in rising order; `claims` come in the order of their scopes.
    mutating func run(_ claims: inout [ScopeClaim], into segments: inout [ScopeSegment]) {
        segments.removeAll(keepingCapacity: true)
        // Rising starts; at one start in the order of ranks, which is outer before inner.
        if !Self.isInOrder(claims) { sort(&claims) }
        if !nested(claims, &segments) {
            segments.removeAll(keepingCapacity: true)
            Self.general(claims, &segments)
        }
    }

    /// By start; at one start by position, which is nearly always the order of ranks: where it is not, the claims do not
    /// nest, and the general way does not depend on the order.
    private mutating func sort(_ claims: inout [ScopeClaim]) {
        var (low, high) = (UInt64.max, UInt64.min)
        for claim in claims {
            low = min(low, claim.start)
            high = max(high, claim.start)
        }
        guard high - low < 1 << 40, claims.count < 1 << 24 else {
            claims.sort { $0.start != $1.start ? $0.start < $1.start : ($0.root, $0.scope) < ($1.root, $1.scope) }
            return
        }
        // Numbers sort three times as fast as structures with a closure.
        keys.removeAll(keepingCapacity: true)
        keys.reserveCapacity(claims.count)
        for (position, claim) in claims.enumerated() {
            keys.append((claim.start - low) << 24 | UInt64(truncatingIfNeeded: position))
        }
        keys.sort()
        sorted.removeAll(keepingCapacity: true)
        sorted.reserveCapacity(claims.count)
        for key in keys { sorted.append(claims[Int(key & (1 << 24 - 1))]) }
        swap(&sorted, &claims)
    }

    private static func isInOrder(_ claims: [ScopeClaim]) -> Bool {
        claims.withUnsafeBufferPointer { claims in
            var index = 1
            while index < claims.count {
                let (left, right) = (claims[index - 1], claims[index])
                if right.start < left.start { return false }
                if right.start == left.start, (right.root, right.scope) < (left.root, left.scope) { return false }
                index += 1
            }
            return true
        }
    }

    /// The stack; false when the claims do not nest.
    private mutating func nested(_ claims: [ScopeClaim], _ segments: inout [ScopeSegment]) -> Bool {
        stack.removeAll(keepingCapacity: true)
        var position: UInt64 = 0
        for claim in claims {
            while let top = stack.last, top.end <= claim.start {
                Self.append(position, top.end, top.scope, &segments)
                position = max(position, top.end)
                stack.removeLast()
            }
            if let top = stack.last {
                guard claim.end <= top.end else { return false }
                if claim.root == top.root {
                    guard claim.scope > top.scope else { return false }
                } else {
                    guard claim.scope == claim.root, claim.root > top.root else { return false }
                }
                Self.append(position, claim.start, top.scope, &segments)
            } else if claim.scope != claim.root {
                return false
            }
            position = claim.start
            stack.append(claim)
        }
        while let top = stack.popLast() {
            Self.append(position, top.end, top.scope, &segments)
            position = max(position, top.end)
        }
        return true
    }

    @inline(__always)
    private static func append(_ start: UInt64, _ end: UInt64, _ scope: Int32, _ segments: inout [ScopeSegment]) {
        guard start < end else { return }
        if let last = segments.last, last.end == start, last.scope == scope {
            segments[segments.count - 1].end = end
        } else {
            segments.append(ScopeSegment(start: start, end: end, scope: scope))
        }
    }

    /// One range of a call reaches over the gaps of its function in damaged files only; where it reaches over more than
    /// this it is not cut at each of them, or a file of a few megabytes would make billions of pieces.
    private static let mostParts = 16

    private static func general(_ claims: [ScopeClaim], _ segments: inout [ScopeSegment]) {
        var bounds: [Int32: [Claim]] = [:]
        for claim in claims where claim.scope == claim.root {
            bounds[claim.root, default: []].append(Claim(start: claim.start, end: claim.end, rank: 0, value: 0))
        }
        bounds = bounds.mapValues(IntervalSweep.disjoint)
        var ranked: [Claim] = []
        for claim in claims {
            let rank = UInt64(UInt32(bitPattern: claim.root)) << 32 | UInt64(UInt32(bitPattern: claim.scope))
            func add(_ start: UInt64, _ end: UInt64) {
                guard start < end else { return }
                ranked.append(Claim(start: start, end: end, rank: rank, value: UInt32(bitPattern: claim.scope)))
            }
            guard claim.scope != claim.root else {
                add(claim.start, claim.end)
                continue
            }
            let own = bounds[claim.root] ?? []
            var low = 0
            var high = own.count
            while low < high {
                let middle = (low + high) / 2
                if own[middle].end <= claim.start { low = middle + 1 } else { high = middle }
            }
            let first = low
            while low < own.count, own[low].start < claim.end { low += 1 }
            if low - first > mostParts {
                add(max(claim.start, own[first].start), min(claim.end, own[low - 1].end))
            } else {
                for part in own[first..<low] { add(max(claim.start, part.start), min(claim.end, part.end)) }
            }
        }
        for piece in IntervalSweep.disjoint(ranked) {
            append(piece.start, piece.end, Int32(bitPattern: piece.value), &segments)
        }
    }
}
