// Feeds mutated inputs to a target, the same ones for the same seed:
//
//     fuzz-runner TARGET --seed N --count N [--from N] [--progress FILE] [--save FILE] SEED…
//     fuzz-runner TARGET --corpus FOLDER SEED…      writes the seeds as files, for libFuzzer
//     fuzz-runner TARGET --replay FILE…
//
// A seed is a file, or `s:OBJECT:OTHER` and `d:OBJECT:OTHER`: an object with its supplementary or split file.
// An input is number I of seed N over the seeds in their order; --progress holds the number that is being tried, so that
// after a crash `--from I --count 1 --save FILE` gives the bytes. With LIBFUZZER defined the main program is libFuzzer's, see
// LibFuzzer.swift.
#if !LIBFUZZER
    @main
    enum FuzzRunner {
        static func main() { SeededRun.main(CommandLine.arguments.dropFirst()) }
    }
#endif
