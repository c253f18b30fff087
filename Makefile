# The commands a developer needs. `make test` runs every test there is.

GO ?= go
BIN := $(CURDIR)/bin

.PHONY: build test bench soak race fuzz lint tools page pictures demo clean

build: ## the program, for this machine
	$(GO) build -trimpath -o $(BIN)/sparkbot ./cmd/sparkbot

test: ## every test, on both databases, with the race detector
	$(GO) test -race -count=1 ./...

soak: ## the long crash and replica suites, ten minutes at most
	SPARKBOT_TEST_SOAK=1 $(GO) test -race -count=1 -timeout 10m -run 'Soak|Crash|Replica' $(or $(SOAK),./cmd/internal/app)

bench: build ## ratios against bare clients, in about fifteen minutes; BENCH passes flags, such as BENCH='-rows fanout'
	$(GO) build -trimpath -o $(BIN)/bench ./cmd/internal/bench
	$(BIN)/bench -sparkbot $(BIN)/sparkbot $(BENCH)

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for name in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | sed 's/func //'); do \
			echo "$$dir $$name"; $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(or $(FUZZTIME),20s) $$dir; \
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
	rm -rf $(BIN)
