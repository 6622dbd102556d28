# xenopsd, from a fresh Debian 12: `make demo` and `make test` install what they need, build, and run.

.DEFAULT_GOAL := help
.PHONY: help demo test check test-releases test-xen fuzz miri bench bench-check setup setup-demo setup-test install install-unit

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup-demo ## Build, start the daemon on a simulated host, show it at work, stop
	cargo build --release --bins
	tests/demo.sh target/release

test: setup-test ## Everything: lints, tests, real Xen in QEMU (up to 45 minutes)
	tests/run.sh all

check: setup-test ## The part of it for daily work (about 3 minutes)
	tests/run.sh check

test-releases: setup-test ## Only the check of the daemon with the headers of other Xen releases
	tests/run.sh releases

test-xen: setup-test ## Only the tests on real Xen in QEMU
	tests/run.sh xen

fuzz: setup-test ## Every fuzz target for TIME seconds (default 30); needs a nightly Rust
	FUZZ_SECONDS=$(or $(TIME),30) tests/run.sh fuzz

miri: setup-test ## Unit tests under Miri; needs rustup component add miri rust-src --toolchain nightly
	tests/run.sh miri

bench: setup-test ## The figures of PERF.md
	cargo bench --bench socket
	cargo bench --bench load -- --plots benches/plots
	cargo bench --bench encoders
	cargo bench --bench stages
	cargo build --release --bin xenopsd
	benches/instructions.sh

bench-check: setup-test ## Hold the instructions of hot requests against benches/instructions.txt
	cargo build --release --bin xenopsd
	benches/instructions.sh check

setup: # What building needs
	@.ci/setup build

setup-demo: # What the demonstration needs besides
	@.ci/setup build demo

setup-test: # What testing needs besides
	@.ci/setup build demo test

install: install-unit ## Install daemon, command and systemd unit into DESTDIR/PREFIX (default /usr/local)
	cargo build --release --bins
	install -D -m 755 target/release/xenopsd $(DESTDIR)$(or $(PREFIX),/usr/local)/sbin/xenopsd
	install -D -m 755 target/release/xenops $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/xenops

install-unit: # The unit, with the path of the daemon in it
	install -d $(DESTDIR)$(or $(PREFIX),/usr/local)/lib/systemd/system
	sed 's|/usr/local/sbin|$(or $(PREFIX),/usr/local)/sbin|' dist/xenopsd.service \
		>$(DESTDIR)$(or $(PREFIX),/usr/local)/lib/systemd/system/xenopsd.service
