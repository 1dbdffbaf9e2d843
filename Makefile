# make        builds build/seamfs, a static binary
# make test   sets up what the tests need, then runs all of them
# make demo   moves a sandbox's disk image across devices, and shows it
# make clean  removes build/

GO ?= go
GO_NEEDED := 1.26
export GOTOOLCHAIN ?= local

.DELETE_ON_ERROR:
.PHONY: all build go test lint unit integration demo clean

all: build

build: go
	CGO_ENABLED=0 $(GO) build -trimpath -o build/seamfs ./cmd/seamfs

# One clear line instead of a compiler's complaint.
go:
	@command -v $(GO) >/dev/null || { echo "seamfs needs Go $(GO_NEEDED) or newer: no '$(GO)' in PATH (see https://go.dev/dl)" >&2; exit 1; }
	@v=$$($(GO) env GOVERSION); v=$${v#go}; \
	printf '%s\n%s\n' "$(GO_NEEDED)" "$${v%% *}" | sort -V -C || { echo "seamfs needs Go $(GO_NEEDED) or newer: this is $$v (see https://go.dev/dl)" >&2; exit 1; }

test: go
	.ci/test

lint: go
	.ci/lint

unit: go
	.ci/unit

integration: go
	.ci/integration

demo: build
	tests/demo/demo build/seamfs

clean:
	rm -rf build
