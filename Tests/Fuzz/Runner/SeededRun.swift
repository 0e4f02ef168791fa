#if !LIBFUZZER
    import Foundation
    import FuzzTargets

    /// The run over seeded mutations.
    enum SeededRun {
        /// An input that takes longer is a find: the process dies of SIGALRM.
        private static let secondsPerInput: UInt32 = 60

        static func main(_ arguments: ArraySlice<String>) -> Never {
            var arguments = Array(arguments)
            guard !arguments.isEmpty, let target = FuzzTarget(rawValue: arguments.removeFirst()) else {
                fail("usage: fuzz-runner \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) …")
            }
            if arguments.first == "--replay" {
                for path in arguments.dropFirst() { print(path, target.run(read(path))) }
                exit(0)
            }
            func value(_ name: String) -> String? {
                guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else { return nil }
                let value = arguments[place + 1]
                arguments.removeSubrange(place...(place + 1))
                return value
            }
            let seed = value("--seed").flatMap { UInt64($0) } ?? 1
            let count = value("--count").flatMap { Int($0) } ?? 1000
            let first = value("--from").flatMap { Int($0) } ?? 0
            let progress = value("--progress").map { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600) }
            let save = value("--save")
            let corpus = value("--corpus")
            let seeds = arguments.compactMap { target.seed(from: files($0)) }
            guard !seeds.isEmpty else { fail("no seed can serve") }
            if let corpus { write(seeds, to: corpus) }

            // The seeds themselves come first: what cannot be understood whole makes no good mutants.
            var understood = 0
            for seed in seeds where target.run(seed) > 0 { understood += 1 }
            guard understood > 0 else { fail("no seed is understood") }
            understood = 0
            for number in first..<(first + count) {
                if let progress {
                    let text = Array(String(number).utf8) + [0x0a]
                    _ = pwrite(progress, text, text.count, 0)
                }
                var random = FuzzRandom(seed: seed, input: UInt64(number))
                let input = target.mutate(seeds[random.below(seeds.count)], &random)
                if let save {
                    do { try Data(input).write(to: URL(filePath: save)) } catch { fail("\(error)") }
                }
                alarm(secondsPerInput)
                if target.run(input) > 0 { understood += 1 }
            }
            alarm(0)
            print("\(target.rawValue): \(count) inputs of \(seeds.count) seeds, \(understood) understood in part")
            exit(0)
        }

        /// A file's bytes; of `s:OBJECT:OTHER` and `d:OBJECT:OTHER`, both in one input.
        private static func files(_ argument: String) -> [UInt8] {
            let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let letter = parts[0].utf8.first, let role = ObjectInput.Role(rawValue: letter)
            else {
                return read(argument)
            }
            return ObjectInput(object: read(parts[1]), role: role, other: read(parts[2])).packed
        }

        /// The seeds as files, for libFuzzer.
        private static func write(_ seeds: [[UInt8]], to folder: String) -> Never {
            do {
                for (number, seed) in seeds.enumerated() {
                    try Data(seed).write(to: URL(filePath: "\(folder)/seed-\(number)"))
                }
            } catch {
                fail("\(error)")
            }
            exit(0)
        }

        private static func read(_ path: String) -> [UInt8] {
            do { return [UInt8](try Data(contentsOf: URL(filePath: path))) } catch { fail("\(error)") }
        }

        private static func fail(_ reason: String) -> Never {
            FileHandle.standardError.write(Data("fuzz-runner: \(reason)\n".utf8))
            exit(64)
        }
    }
#endif
