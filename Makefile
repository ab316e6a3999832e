# make demo   see everything work: a simulated network, Prometheus, both services, a chat
# make test   every check there is; what CI runs

CARGO ?= cargo
ANVIL := .tools/node_modules/.bin/anvil

.PHONY: demo test

demo:
	$(CARGO) build --locked --workspace --bins
	target/debug/headlag-demo $(ARGS)

# The programs are built first: the end-to-end tests start them as processes.
test: $(ANVIL)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace

# A real EVM node for the end-to-end test, from npm.
$(ANVIL):
	command -v npm >/dev/null || apt-get install -y npm
	npm install --no-save --no-audit --no-fund --prefix .tools @foundry-rs/anvil@1.7.1
