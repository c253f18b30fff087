# The commands a developer needs. `make test` runs every test there is.

GO ?= go
BIN := $(CURDIR)/bin

.PHONY: build dist reproducible test bench soak race fuzz lint tools page pictures demo clean

build: ## the program, for this machine
	$(GO) build -trimpath -o $(BIN)/sparkbot ./cmd/sparkbot

# What a release is made of. Nothing of the machine or the moment goes into it:
# the same commit gives the same bytes anywhere with the same Go.
VERSION ?= $(shell git describe --tags --always --dirty)
TARGETS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
COMMIT ?= $(shell git rev-parse HEAD)
RELEASE := -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)"
DIST := dist

dist: ## static programs for every system, with their checksums
	@rm -rf $(DIST) && mkdir -p $(DIST)
	@set -e; for target in $(TARGETS); do \
		os=$${target%/*} arch=$${target#*/} name=sparkbot_$(VERSION)_$${target%/*}_$${target#*/}; \
		if [ $$os = windows ]; then name=$$name.exe; fi; \
		echo "$(DIST)/$$name"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch GOFLAGS= $(GO) build $(RELEASE) -o $(DIST)/$$name ./cmd/sparkbot; \
	done
	@cp -r docs/man LICENSE $(DIST)/
	@cd $(DIST) && sha256sum sparkbot_* > SHA256SUMS && cat SHA256SUMS

reproducible: ## the linux program, built in two places with two empty caches, is the same
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	for n in 1 2; do \
		mkdir "$$dir/$$n"; git archive HEAD | tar -x -C "$$dir/$$n"; \
		(cd "$$dir/$$n" && GOCACHE="$$dir/cache$$n" CGO_ENABLED=0 GOOS=linux GOARCH=amd64 GOFLAGS= $(GO) build $(RELEASE) -o "$$dir/sparkbot$$n" ./cmd/sparkbot); \
	done; \
	sha256sum "$$dir/sparkbot1" "$$dir/sparkbot2"; cmp "$$dir/sparkbot1" "$$dir/sparkbot2"

test: ## every test, on both databases, with the race detector
	$(GO) test -race -count=1 -timeout 20m ./...
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null || echo "*** THE PAGE WAS NOT TESTED: install chromium"
	@command -v curl >/dev/null || echo "*** THE EXAMPLES OF THE API WERE NOT TESTED: install curl"
	@[ -n "$$SPARKBOT_TEST_POSTGRES_URL" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v npm >/dev/null || \
		echo "*** POSTGRESQL WAS NOT TESTED: install postgresql"

soak: ## the long crash and replica suites, within ten minutes on two cores; `make test` runs them short, with the race detector
	SPARKBOT_TEST_SOAK=1 $(GO) test -count=1 -timeout 15m -run 'Soak|Crash|Replica' $(or $(SOAK),./cmd/internal/app)

bench: build ## ratios against bare clients, in about fifteen minutes; BENCH passes flags, such as BENCH='-rows fanout'
	$(GO) build -trimpath -o $(BIN)/bench ./cmd/internal/bench
	$(BIN)/bench -sparkbot $(BIN)/sparkbot $(BENCH)

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for name in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | sed 's/func //'); do \
			echo "$$dir $$name"; $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(or $(FUZZTIME),20s) -fuzzminimizetime 20x $$dir; \
		done; \
	done

lint: $(BIN)/golangci-lint ## what the compiler does not look at
	$(BIN)/golangci-lint run ./...
	@test -z "$$($(GO) mod tidy -diff)" || { echo 'go.mod or go.sum is not tidy; run go mod tidy'; exit 1; }

tools: $(BIN)/golangci-lint

$(BIN)/golangci-lint: .ci/tools/go.mod
	cd .ci/tools && $(GO) build -o $(BIN)/ tool

page: ## the demo's page, built from bot/sandbox/page/src into dist; needs npm
	cd bot/sandbox/page && npm ci --ignore-scripts --no-audit --no-fund && npm run build

pictures: ## docs/images/{alert,card,digest,demo}.png, from the demo; needs chromium
	$(GO) test -count=1 -run TestPicturesOfTheReadme ./cmd/internal/app -pictures

demo: ## the main job, without any account
	$(GO) run ./cmd/sparkbot demo

clean:
	rm -rf $(BIN) $(DIST)
