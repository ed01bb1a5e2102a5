# Tallystick. The five you want:
#
#   make run          install what is missing, build, start the window (without a display: show it on a virtual one)
#   make check        the inner loop: format, vet, lint and the quick headless tests; needs only Go, under a minute warm
#   make test         everything: check, the long tests, screen and clipboard, race detector, storage servers, end to end on a virtual desktop,
#                     known vulnerabilities
#   make bench        how fast and how big it is
#   make screenshots  pictures of every screen into docs/pictures
#
# and: make build, make cli (no cgo), make display (reading the screen and the clipboard, on an X server of its own), make e2e,
# make bench-scan, make stores (shared vaults on real servers), make model (shared vaults, many more random teams), make fuzz,
# make lint-threads, make vuln, make clean

SHELL     := /bin/sh
GO        ?= go
BUILD     := build
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS   := $(if $(VERSION),-X main.version=$(VERSION))
STAGE     := @sh .ci/stage

# Fyne's own locks are off because every call into it is made on its goroutine; make lint-threads holds us to that.
# No animations: a blinking cursor alone costs a fifth of a core under software rendering.
TAGS      := migrated_fynedo,no_animations
# The same with Fyne's thread checks.
CHECKED   := no_animations
# Fyne's software renderer: no display, no C libraries.
HEADLESS  := ci,$(TAGS)
# What has to compile for the other systems without a C compiler.
PORTABLE  := ./vault/... ./scanner/... ./app/model/... ./app/platform/... ./app/cli/... ./app/clock/...
# What runs under the race detector: everything that owns goroutines, and has no window. Not scanner/capture: its fake portal
# is told what to answer between calls over the bus, an order the detector does not see. Not vault/transfer: it owns one
# goroutine per key derivation, and its tests measure memory, which the detector multiplies.
RACED     := ./vault ./vault/backup/... ./vault/keys/... ./vault/kit/... ./vault/otp/... ./vault/otpauth/... ./vault/picture/... ./vault/recovery/... \
	./vault/seal/... ./vault/secret/... ./vault/share/... ./scanner ./app/model/... ./app/platform/... ./app/clock/...
# Tests of these talk to the X server at DISPLAY, and skip where there is none. (Others start one of their own.)
SCREENED  := ./scanner/capture ./scanner/clipimage ./scanner/internal/x11

.DEFAULT_GOAL := help
.PHONY: run build cli check test display e2e stores race bench bench-process bench-scan screenshots fuzz vuln lint-threads clean help

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

# ---- run

run:
	@if [ "$$(uname -s)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		$(MAKE) --no-print-directory demo; \
	else \
		$(MAKE) --no-print-directory build && exec $(BUILD)/tallystick; \
	fi

.PHONY: demo
demo:
	@sh .ci/install build run
	@$(MAKE) --no-print-directory build
	@$(GO) run ./app/e2e/demo -bin $(BUILD)/tallystick -out $(BUILD)/demo

build:
	@sh .ci/install build
	$(STAGE) "build the window" env CGO_ENABLED=1 $(GO) build -tags $(TAGS) -ldflags "$(LDFLAGS)" -o $(BUILD)/tallystick .

cli:
	$(STAGE) "build the command line version, without cgo" env CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o $(BUILD)/tallystick-cli ./app/cli/tallystick

# ---- check

check:
	$(STAGE) "gofmt" sh -c 'files=$$(gofmt -l .); [ -z "$$files" ] || { echo "not formatted:" $$files; exit 1; }'
	$(STAGE) "vet" env CGO_ENABLED=0 $(GO) vet -tags $(HEADLESS) ./...
	$(STAGE) "vet the end-to-end tests" env CGO_ENABLED=0 $(GO) vet -tags $(HEADLESS),e2e ./app/e2e/...
	$(STAGE) "vet for Windows" env CGO_ENABLED=0 GOOS=windows $(GO) vet $(PORTABLE)
	$(STAGE) "vet for macOS" env CGO_ENABLED=0 GOOS=darwin $(GO) vet $(PORTABLE)
	$(STAGE) "staticcheck" env CGO_ENABLED=0 $(GO) tool staticcheck -tags $(HEADLESS),e2e ./...
	$(STAGE) "tests, the quick ones" env CGO_ENABLED=0 $(GO) test -short -timeout 30m -tags $(HEADLESS) ./...

# ---- test

test:
	$(STAGE) "install what is missing" sh .ci/install build run test
	@$(MAKE) --no-print-directory check
	$(STAGE) "tests, all of them" env CGO_ENABLED=0 $(GO) test -timeout 30m -tags $(HEADLESS) ./...
	@$(MAKE) --no-print-directory display
	@$(MAKE) --no-print-directory cli
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory race
	@$(MAKE) --no-print-directory stores
	@$(MAKE) --no-print-directory e2e
	@$(MAKE) --no-print-directory vuln
	@printf '\nEverything passed.\n'

# Here nothing of these may be skipped. Pixels have another layout at each depth.
display:
	@sh .ci/install run
	@set -e; for depth in 24 30 16; do \
		SCREEN=1280x800x$$depth sh .ci/stage "screen and clipboard, on an X server of $$depth bits" sh .ci/display sh .ci/unskipped \
			env CGO_ENABLED=0 $(GO) test -v -count=1 -timeout 10m -tags $(HEADLESS) $(SCREENED); \
	done

race:
	$(STAGE) "race detector" env CGO_ENABLED=1 $(GO) test -race -short -timeout 40m -tags $(HEADLESS) $(RACED)
	@sh .ci/install run
	$(STAGE) "race detector, on an X server" sh .ci/display sh .ci/unskipped \
		env CGO_ENABLED=1 $(GO) test -race -v -count=1 -timeout 10m -tags $(HEADLESS) $(filter-out ./scanner/capture,$(SCREENED))

# A build that checks the thread of every call into Fyne. FyneApp.toml beside the program or in the working directory
# would switch that off again, so it lies elsewhere and is started elsewhere.
$(BUILD)/threads/tallystick: FORCE
	$(STAGE) "build with Fyne's thread checks" env CGO_ENABLED=1 $(GO) build -tags $(CHECKED) -ldflags "$(LDFLAGS)" -o $@ .
.PHONY: FORCE
FORCE:

E2E := env TALLYSTICK_BIN=$(CURDIR)/$(BUILD)/tallystick TALLYSTICK_BIN_THREADS=$(CURDIR)/$(BUILD)/threads/tallystick \
	E2E_ARTEFACTS=$(CURDIR)/$(BUILD)/e2e CGO_ENABLED=0 $(GO) test -tags $(HEADLESS),e2e -count=1 -timeout 45m

e2e: build $(BUILD)/threads/tallystick
	@sh .ci/install build run test
	@rm -rf $(BUILD)/e2e && mkdir -p $(BUILD)/e2e
	@ARTEFACTS=$(BUILD)/e2e sh .ci/stage "end to end, on a virtual desktop" $(E2E) -v ./app/e2e/...
	@printf '   pictures and logs: %s\n' $(BUILD)/e2e

# Real servers, each started by its test. In a module of its own, because a real S3 server is made of hundreds of packages; its
# go.mod is copied, so that a newer library of ours changes the copy and not the file.
STORES := vault/share/store/realtest
stores:
	$(STAGE) "install storage servers" sh .ci/install stores
	@mkdir -p $(BUILD)/stores && cp $(STORES)/go.mod $(STORES)/go.sum $(BUILD)/stores/
	$(STAGE) "shared storage on real servers" sh -c 'cd $(STORES) && \
		export CGO_ENABLED=0 GOFLAGS="-mod=mod -modfile=$(CURDIR)/$(BUILD)/stores/go.mod" && \
		$(GO) vet ./... && $(GO) test -count=1 -timeout 10m ./...'

lint-threads: $(BUILD)/threads/tallystick
	@sh .ci/install build run test
	$(STAGE) "calls into Fyne from the wrong goroutine" $(E2E) -v -run TestEveryScreenOnTheRightThread ./app/e2e

vuln:
	$(STAGE) "known vulnerabilities" sh .ci/vuln $(HEADLESS)

# ---- measure, draw, search

bench:
	$(STAGE) "benchmarks" env CGO_ENABLED=0 $(GO) test -tags $(HEADLESS) -run '^$$' -bench . -benchmem ./...
	@$(MAKE) --no-print-directory bench-process
	$(STAGE) "a picture of the screen" sh .ci/display env CGO_ENABLED=0 $(GO) test -tags $(HEADLESS) -run '^$$' -bench . -benchmem ./scanner/capture

bench-process: build cli
	@sh .ci/install build run
	$(STAGE) "the whole program: start, memory, processor" env TALLYSTICK_CLI=$(CURDIR)/$(BUILD)/tallystick-cli $(E2E) -run '^$$' -bench . -benchtime 1x ./app/e2e

# Ours, zxing-cpp and zbar on the same pictures. SETS="name=directory …" adds some that lie elsewhere.
SETS ?=
bench-scan:
	@sh .ci/install scan
	@mkdir -p $(BUILD)
	$(STAGE) "build the other readers" c++ -O2 -std=c++17 -o $(BUILD)/reader scanner/benchscan/native/reader.cpp -lZXing -lzbar
	$(STAGE) "read the same pictures with each" env CGO_ENABLED=0 $(GO) run ./scanner/benchscan -reader $(BUILD)/reader -write docs/scanner.md $(SETS)

screenshots:
	$(STAGE) "pictures of every screen" env CGO_ENABLED=0 $(GO) test -tags $(HEADLESS) -count=1 ./app/view -run TestScreenshots -screenshots $(CURDIR)/docs/pictures

# Random teams on a storage that does everything wrong: make test plays 10,000. MODEL_SEED=N begins elsewhere.
MODEL_RUNS ?= 200000
MODEL_SEED ?= 1
.PHONY: model
model:
	$(STAGE) "$(MODEL_RUNS) random teams" env CGO_ENABLED=0 SHARE_MODEL_RUNS=$(MODEL_RUNS) SHARE_MODEL_SEED=$(MODEL_SEED) $(GO) test -count=1 -timeout 0 -tags $(HEADLESS) -run 'TestModel$$' ./vault/share

# Half a minute for every fuzz target. FUZZTIME=10m for a night.
FUZZTIME ?= 30s
fuzz:
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | sed 's/func //'); do \
			sh .ci/stage "fuzz $$dir $$f" env CGO_ENABLED=0 $(GO) test -tags $(HEADLESS) -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$dir; \
		done; \
	done

clean:
	rm -rf $(BUILD)
