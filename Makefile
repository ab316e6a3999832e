# make demo    see everything work: a simulated network, Prometheus, both services, a chat
# make test    every check there is; what CI runs
# make compat  the tests that need this year's Prometheus and VictoriaMetrics, or a real node
# make fuzz    every parser of bytes from outside, with made-up bytes; SECONDS=20 for each
# make dist    the packages, the tar.gz and the SBOM of a release, into dist/
# make installed  dist/ installed, used, upgraded and purged in a clean Debian; needs root
# make bench   how often the verdicts are wrong, and what a chart and many nodes cost

CARGO ?= cargo
ANVIL := .tools/node_modules/.bin/anvil
CHECKS := .tools/checks/bin

.PHONY: demo test compat fuzz bench dist installed packages

demo:
	$(CARGO) build --locked --workspace --bins
	target/debug/headlag-demo $(ARGS)

# The programs are built first: the end-to-end tests start them as processes.
test: packages $(ANVIL) $(CHECKS)/check-jsonschema
	$(CARGO) fmt --all --check
	$(CHECKS)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(CHECKS)/python contrib/check.py
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace

compat: packages $(ANVIL)
	scripts/compat

fuzz:
	scripts/fuzz/run $(or $(SECONDS),20)

dist:
	scripts/dist

installed: dist
	scripts/installed/run

bench:
	command -v rrdtool >/dev/null && [ -x /usr/bin/time ] || apt-get install -y -qq rrdtool time
	scripts/bench
	scripts/bench-nodes

# A real EVM node for the end-to-end test.
$(ANVIL): | packages
	npm install --no-save --no-audit --no-fund --prefix .tools @foundry-rs/anvil@1.7.1

# The schema of compose files.
$(CHECKS)/check-jsonschema: | packages
	python3 -m venv .tools/checks
	$(CHECKS)/pip install --quiet check-jsonschema==0.39.0

# What the tests need of Debian: a browser for the chat page, npm and venv for the tools
# above. Needs root only where something is missing. The tests fetch Prometheus, Alertmanager,
# VictoriaMetrics, haproxy, nginx and busybox on their own, without root, once the lists of
# packages are there.
packages:
	@missing=; \
	command -v npm >/dev/null || missing="$$missing npm"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v chromedriver >/dev/null || missing="$$missing chromium-driver"; \
	python3 -c 'import ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	if command -v apt-get >/dev/null; then \
		if [ -n "$$missing" ] || ! apt-cache show prometheus >/dev/null 2>&1; then apt-get update -qq; fi; \
		[ -z "$$missing" ] || apt-get install -y -qq $$missing; \
	elif [ -n "$$missing" ]; then \
		echo "make test needs$$missing (so Debian calls them); install them and start again" >&2; exit 1; \
	fi
