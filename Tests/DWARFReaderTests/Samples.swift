/// Programs with nested inlining, small enough to compile in a blink.
enum Samples {
    static let c = """
        #include <stdio.h>
        static inline int add(int a, int b) { return a * b + 3; }
        static inline int twice(int a) {
            int sum = 0;
            for (int i = 0; i < a; i++) {
                sum += add(i, a);
            }
            return sum;
        }
        __attribute__((noinline)) int work(int a) {
            int result = twice(a) + add(a, 7);
            printf("%d\\n", result);
            return result;
        }
        int main(int argc, char **argv) { return work(argc) + add(argc, argc) > 100; }
        """

    /// Without headers or a C library, for targets that have neither here.
    static let freestanding = """
        volatile int cell;
        static inline int add(int a, int b) { return a * b + cell; }
        static inline int twice(int a) {
            int sum = 0;
            for (int i = 0; i < a; i++) {
                sum += add(i, a) + cell;
            }
            return sum;
        }
        __attribute__((noinline)) int work(int a) { return twice(a) + add(a, cell); }
        __attribute__((noinline)) int more(int a) {
            return work(a) ^ add(a, a);
        }
        void _start(void) {
            for (;;) cell = more(cell);
        }
        """

    static let cxx = """
        #include <cstdio>
        #include <vector>
        namespace app {
        namespace detail {
        inline int step(int a) { return a * 3 + 1; }
        }  // namespace detail
        namespace {
        int hidden(int a) { std::vector<int> v(a, 2); int s = 0; for (int x : v) s += detail::step(x); return s; }
        }
        struct Store {
            int base;
            struct Cursor { int at; int next() { return detail::step(at++); } };
            __attribute__((noinline)) int run(int n) {
                Cursor cursor{base};
                int sum = hidden(n);
                auto add = [&](int x) { sum += x + cursor.next(); };
                for (int i = 0; i < n; i++) add(i);
                return sum;
            }
        };
        extern "C" __attribute__((noinline)) int plain(int a) { return detail::step(a) ^ a; }
        template <typename T> __attribute__((noinline)) T apply(T a) { return detail::step(static_cast<int>(a)); }
        }  // namespace app
        int main(int argc, char **argv) {
            app::Store store{argc};
            int r = store.run(argc) + app::plain(argc) + static_cast<int>(app::apply<long>(argc));
            std::printf("%d\\n", r);
            return 0;
        }
        """

    static let swift = """
        struct Store {
            var items: [Int]
            @inline(__always) func pick(_ index: Int) -> Int { items[index] }
            @inline(never) func run(_ index: Int) -> Int {
                let offset = pick(index)
                return items.map { item in item + pick(index) + offset }.reduce(0, +)
            }
        }
        @inline(never) func apply(_ body: (Int) -> Int) -> Int { body(CommandLine.arguments.count) }
        @main struct App {
            static func main() async {
                let store = Store(items: [1, 2, 3])
                print(store.run(1), await other(store))
                let captured = store.items.count
                print(apply { value in
                    print(value)
                    return value * captured
                })
            }
            @inline(never) static func other(_ store: Store) async -> Int {
                await Task.yield()
                return store.pick(2)
            }
        }
        """
}
