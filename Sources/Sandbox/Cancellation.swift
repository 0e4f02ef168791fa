import CSandbox
import Glibc

/// A wish to stop that a `poll` can see: an eventfd, readable from `cancel` on.
final class Cancellation: Sendable {
    let descriptor: Int32

    /// `nil` when no descriptor is left; errno says why.
    init?() {
        descriptor = csandbox_event()
        guard descriptor >= 0 else { return nil }
    }

    func cancel() {
        csandbox_signal(descriptor)
    }

    deinit {
        // Also runs behind a failed init, whose errno must stay.
        if descriptor >= 0 { close(descriptor) }
    }
}
