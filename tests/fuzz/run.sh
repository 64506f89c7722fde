#!/usr/bin/env bash
# Runs each fuzz target for a while: tests/fuzz/run.sh [SECONDS] [TARGET...]
# (or FUZZ_SECONDS=600 tests/fuzz/run.sh). Works with the stable compiler and any C++ compiler.
# FUZZ_SEED=N tries the same inputs again; without it each run tries others.
# A finding leaves its input in tests/fuzz/artifacts/TARGET/ and ends the run with an error.
set -euo pipefail
cd "$(dirname "$0")"

seconds="${1:-${FUZZ_SECONDS:-60}}"
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then targets=(frames guard sequences); fi

host="$(rustc -vV | sed -n 's/^host: //p')"
# What `cargo fuzz` passes, less the address sanitizer, which stable doesn't have.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
# With --target, build scripts are left alone.
cargo build --release --target "$host" --bins

for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    # In slices, each a new process: yrs never frees a document that holds another.
    left="$seconds"
    while [ "$left" -gt 0 ]; do
        slice=$((left < 30 ? left : 30))
        left=$((left - slice))
        echo "== $target, $slice s, $left s left"
        "target/$host/release/$target" "corpus/$target" \
            -seed="${FUZZ_SEED:-0}" -max_total_time="$slice" -max_len=4096 -timeout=10 -rss_limit_mb=4096 \
            -artifact_prefix="artifacts/$target/" -print_final_stats=1
    done
done
