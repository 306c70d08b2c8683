# Checks and tests cover every Go module of the repository. scripts/modules finds them; a new
# one needs no entry.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
BENCH ?= .
RUN ?= .
PASSES ?= 8
TIME ?= 200ms
DIR ?= tmp/screenshots
ADDR ?= localhost:8080

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

example: ## run the example application (ADDR=localhost:8080)
	cd _example && go run . -addr $(ADDR)

test: ## install what the tests need, then run all of them
	scripts/setup
	SKIP=internal/bench scripts/modules go test -race -shuffle=on -timeout 20m ./...
	cd internal/bench && go test ./... # without -race, which allocates too, and would build all peers once more

check: check-format check-generated check-tidy check-links vet lint test ## all that CI checks

check-format:
	scripts/format --check

check-generated:
	scripts/generate --check

check-tidy:
	@scripts/modules go mod tidy -diff || { echo "go.mod or go.sum is not tidy. Run 'make tidy' and commit the result." >&2; exit 1; }

check-links:
	scripts/links

vet:
	scripts/modules go vet ./...

# staticcheck and not golangci-lint: it builds in a third of the time (40 s against
# 100 s on two cores, from nothing) with five dependencies instead of hundreds, and
# what else we would switch on is checked already: vet, gofmt, and imports_test.go
# for who may import whom. It runs outside of go.mod, so that no user of the
# library meets it there.
lint: ## run staticcheck
	scripts/modules go run $(STATICCHECK) ./...

# Not a part of check: it asks a database on the network, and what it finds may have come to light today,
# with nothing wrong in the change that is checked.
vuln: ## look for known vulnerabilities in what is called (asks the Go database)
	scripts/modules go run $(GOVULNCHECK) ./...

# In a copy, so that no go.mod changes. Only the library: the other modules are ours alone.
newest: ## test the library with the newest versions of what it requires
	rm -rf tmp/newest && mkdir -p tmp/newest
	git ls-files | xargs cp --parents -t tmp/newest
	cd tmp/newest && go get -u ./... && go mod tidy && go test ./...

check-docs: ## check that the code in the documentation is compiled
	cd internal/docs && go test -count=1 ./...

format: ## gofmt and templ fmt
	scripts/format

generate: ## make the Go code of all .templ files anew
	scripts/generate

tidy: ## go mod tidy
	scripts/modules go mod tidy

fuzz: ## run each fuzz target for a short time (FUZZTIME=10s)
	scripts/fuzz

themes: ## make the style sheets of the gallery's themes anew (takes npm)
	scripts/themes

screenshots: ## take pictures of the example's pages (DIR=tmp/screenshots)
	mkdir -p '$(DIR)'
	dir=$$(cd '$(DIR)' && pwd) && cd _example && go test -tags screenshots -run TestScreenshots -count=1 -screenshots "$$dir" .

pictures: ## take the pictures of the README anew
	cd _example && go test -tags screenshots -run TestPictures -count=1 -screenshots '$(CURDIR)/docs/images' .

bench: ## measure the library beside its peers (RUN=regexp PASSES=8 TIME=200ms)
	@cd internal/bench && go run . -run '$(RUN)' -passes $(PASSES) -time $(TIME)

benchstat: ## compare with an earlier commit (BASE=the newest tag)
	scripts/benchstat $(BASE)

benchmarks: ## run the benchmarks of all packages (BENCH=regexp)
	scripts/modules go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: help example test check check-format check-generated check-tidy check-links check-docs \
	vet lint vuln newest format generate tidy fuzz themes screenshots pictures bench benchstat benchmarks
