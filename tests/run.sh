#!/bin/bash
# run.sh all|check|releases|xen|fuzz|miri: run the stages of the proof, one after another, with the time of each.
#
# In: a machine on which .ci/setup has been. Out: what the stages print, then a table of their times, then one line that
# sums up what cargo's test runner counted. Exit 0 only if every stage passed. Stages whose tool cannot be had are
# skipped by name.
set -uo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp); trap 'rm -f "$log"' EXIT
times=() failed=()

stage() { # NAME COMMAND...
    local name=$1 start=$SECONDS; shift
    echo; echo "== $name: $*"
    if "$@" 2>&1 | tee -a "$log"; then verdict=ok; else verdict=FAILED; failed+=("$name"); fi
    times+=("$(printf '%-14s %6d s  %s' "$name" $((SECONDS - start)) "$verdict")")
}

skip() { # NAME WHY
    echo; echo "== skipped: $1 ($2)"
    times+=("$(printf '%-14s %8s  skipped: %s' "$1" - "$2")")
}

have() { cargo "$1" --version >/dev/null 2>&1; }

lints() {
    if have fmt; then stage format cargo fmt --check; else skip format "this Rust has no rustfmt"; fi
    if have clippy; then
        stage clippy cargo clippy --all-targets -- -D warnings
        stage "clippy by name" cargo clippy --test releases --test xen -- -D warnings
    else
        skip clippy "this Rust has no clippy"
    fi
}

# Each fuzz target for a while: FUZZ_SECONDS, 30 unless told.
fuzz() {
    if ! cargo +nightly --version >/dev/null 2>&1; then
        skip fuzzing "there is no nightly Rust"
        return
    fi
    local tools=$PWD/target/tools target
    PATH=$tools/bin:$PATH
    have fuzz || stage cargo-fuzz cargo install --quiet --locked --root "$tools" cargo-fuzz || return
    for target in fuzz/fuzz_targets/*.rs; do
        target=$(basename "$target" .rs)
        mkdir -p "fuzz/corpus/$target"
        stage "fuzz $target" cargo +nightly fuzz run "$target" "fuzz/corpus/$target" fuzz/seeds -- \
            -max_total_time="${FUZZ_SECONDS:-30}" -dict=fuzz/rpc.dict -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
    done
}

# What hot requests cost, against the figures that are known.
instructions() {
    if ! command -v valgrind >/dev/null; then
        skip instructions "there is no valgrind"
        return
    fi
    stage "release build" cargo build --release --bin xenopsd && stage instructions benches/instructions.sh check
}

# The unit tests of what has unsafe code, or bytes from clients, and calls no C. Miri knows neither libxl nor the kernel's
# sockets and mappings, so other tests are not among them.
miri() {
    if ! cargo +nightly miri --version >/dev/null 2>&1; then
        skip Miri "component not installed: rustup component add miri rust-src --toolchain nightly"
        return
    fi
    # proptest looks for a file of earlier failures, which isolation forbids.
    MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=${PROPTEST_CASES:-8} stage Miri cargo +nightly miri test --lib -- \
        daemon::token json:: mem:: rpc::diagnose wire::frame
}

# Real Xen: 4.17, or XEN_RELEASE, with a daemon built for that. Of 4.20 not all is looked at: the simulated host would
# need its libxl on this machine; and under QEMU that hypervisor hangs when a pool is destroyed, by xl too, after the
# debug key that lives are witnessed by.
xen() {
    local release=${XEN_RELEASE:-4.17}
    if [ "$release" = 4.17 ]; then
        stage xen cargo test --test xen
        return
    fi
    stage "packages $release" tests/xen/prepare.sh
    local prefix=$PWD/tests/xen/cache/$release/packages/usr target=target/releases/xen-$release
    XENOPSD_XEN_PREFIX=$prefix CARGO_TARGET_DIR=$target stage "xen $release" \
        cargo test --test xen -- --skip lives:: --skip of_a_life --skip simulated
}

case ${1:-} in
    all)
        lints
        RUSTDOCFLAGS="-D warnings" stage docs cargo doc --no-deps --lib
        stage tests cargo test --no-fail-fast
        stage releases cargo test --test releases
        xen
        stage "bench socket" cargo bench --bench socket -- --smoke
        stage "bench load" cargo bench --bench load -- --smoke --plots target/tmp/plots
        stage "bench encoders" cargo bench --bench encoders -- --smoke
        stage "bench stages" cargo bench --bench stages -- --test
        instructions
        miri
        fuzz
        ;;
    check) lints; stage tests cargo test --no-fail-fast ;;
    releases) stage releases cargo test --test releases ;;
    xen) xen ;;
    fuzz) fuzz ;;
    miri) miri ;;
    *) echo "usage: $0 all|check|releases|xen|fuzz|miri" >&2; exit 2 ;;
esac

echo; printf '%s\n' "${times[@]}"
[ ${#failed[@]} = 0 ] || echo "failed: ${failed[*]}"
awk '/^test result: /{p += $4; f += $6; i += $8} END {printf "%d passed, %d failed, %d skipped\n", p, f, i}' "$log"
[ ${#failed[@]} = 0 ]
