/// A number of slots; whoever finds none waits its turn.
actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var patient: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        free = count
    }

    func take() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Lets everybody else go first.
    func takeWhenIdle() async {
        if free > 0, waiting.isEmpty {
            free -= 1
            return
        }
        await withCheckedContinuation { patient.append($0) }
    }

    func giveBack() {
        // The slot goes from hand to hand: nobody can come between.
        if !waiting.isEmpty {
            waiting.removeFirst().resume()
        } else if !patient.isEmpty {
            patient.removeFirst().resume()
        } else {
            free += 1
        }
    }
}
