import CrashEvent
import Symbolication

/// Compares the bytes of the program that a kernel log quotes with the file that answers for the image: the image of such
/// a log has no build id, only a name, and a file of that name may be another build.
enum CodeCheck {
    /// The answers without those whose file holds other bytes at the place. A file that does not hold the code (a separate
    /// debug file) is believed.
    static func apply(
        _ answers: SymbolAnswers, to event: CrashEvent, from source: any SymbolSource
    ) async -> SymbolAnswers {
        var answers = answers
        for image in event.images {
            guard let code = image.code, !code.bytes.isEmpty, code.bytes.count <= 4096,
                let start = image.imageAddress, code.address >= start,
                case .found(let index, _, _)? = answers.images[image.index],
                let address = ImageLink(image, index).address(of: code.address),
                let bytes = await source.code(
                    ofImage: image.index, at: address, count: code.bytes.count, in: answers),
                bytes != code.bytes
            else { continue }
            let name = answers.paths[image.index] ?? image.codeFile ?? "the file"
            answers.images[image.index] = .failed(
                .missing,
                reason: "\(name) is another build: its code at the crash differs from the bytes in the log")
        }
        return answers
    }
}
