# Symbolist's two commands are `make demo` and `make test`. Both do all set-up themselves.

# One release build serves the demo, the tests and people: -enable-testing costs little and saves a second build.
SWIFT_FLAGS = -c release -Xswiftc -enable-testing
BINARY = .build/release/symbolist
# Foundation's Process.run() reads 280 bytes of each entry of /proc/self/fd, however short the entry is (seen in Swift 6.3.1:
# findMaximumOpenFromProcSelfFD copies a whole dirent). In one of glibc's thread arenas, which end at a page, that is now and
# then a byte too far and ends the test process; the main heap is padded.
TEST_ENVIRONMENT = MALLOC_ARENA_MAX=1

.PHONY: demo test check bench fuzz build fixtures format lint image-check install install-runtime clean help

demo: ## Shows the main job on a real crash: build, crash, upload, enqueue, work, show.
	@.ci/packages build
	@Fixtures/Till/demo.sh

test: ## Installs what is missing and runs every test.
	@.ci/packages test
	swift build $(SWIFT_FLAGS) --build-tests
	$(TEST_ENVIRONMENT) swift test $(SWIFT_FLAGS) --skip-build

check: ## The long comparisons: large debug files (downloads 350 MB), a program of 155 MB.
	@.ci/packages bench
	swift build $(SWIFT_FLAGS) --build-tests
	$(TEST_ENVIRONMENT) SYMBOLIST_TEST_LARGE=1 swift test $(SWIFT_FLAGS) --skip-build --filter FormsBuiltTests
	Tests/Check/check.sh
	Tests/RenderingTests/browser.sh

bench: ## Times Symbolist and its peers on the same files (downloads 350 MB); best on an idle machine.
	@.ci/packages bench
	swift build $(SWIFT_FLAGS) --product symbolist
	swift build $(SWIFT_FLAGS) --product symbolist-bench
	Tests/Benchmarks/bench.sh

fuzz: ## Coverage-guided fuzzing with AddressSanitizer.
	@.ci/packages test
	Tests/Fuzz/fuzz.sh

build: ## The binary alone: .build/release/symbolist.
	@.ci/packages build
	swift build $(SWIFT_FLAGS) --product symbolist

fixtures: ## Makes the committed fixtures again.
	@.ci/packages fixtures
	Fixtures/make.sh

format: ## Formats the sources in place.
	swift format --in-place --recursive --parallel Package.swift Sources Tests Fixtures

lint: ## What continuous integration checks before the tests.
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Fixtures

image-check: ## Builds docker/Dockerfile without a Docker engine and tries the image.
	@.ci/packages image
	docker/check.sh

PREFIX = /usr/local

install: ## Copies the binary and the Swift libraries that it loads to $(DESTDIR)$(PREFIX).
	install -d $(DESTDIR)$(PREFIX)/lib/symbolist $(DESTDIR)$(PREFIX)/bin
	install $(BINARY) $(DESTDIR)$(PREFIX)/lib/symbolist/symbolist
	ldd $(BINARY) | sed -n 's|.* => \(/.*/usr/lib/swift/linux/[^ ]*\) .*|\1|p' | \
		xargs -r install -m 644 -t $(DESTDIR)$(PREFIX)/lib/symbolist
	ln -sf ../lib/symbolist/symbolist $(DESTDIR)$(PREFIX)/bin/symbolist

install-runtime: ## Installs the packages that the finished binary loads.
	@.ci/packages runtime

clean:
	rm -rf .build

help: ## This list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
