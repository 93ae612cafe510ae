#!/usr/bin/env bash
# What saltty computes on an NVIDIA GPU, proven and timed: the reference arrays of PyTorch within the processor's tolerances,
# then VGG19's three maps beside PyTorch on the same GPU.
#
#   benches/cuda.sh [--built] [--write]
#
# --built   takes what `cargo build --release --features cuda --bin saltty --example timing` and `cargo test --release
#           --no-run --features cuda --test reference --test devices` left in target/release, as on a machine without Rust
# --write   also puts the table into benches/RESULTS.md, between its marks
#
# Needs a GPU with its driver, the toolkit (scripts/cuda-toolchain.sh) to build, and a python3 with torch, torchvision,
# safetensors, numpy and pillow (PYTHON names another one).
set -euo pipefail
cd "$(dirname "$0")/.."

built=no options=()
for argument in "$@"; do
    case "$argument" in
        --built) built=yes ;;
        *) options+=("$argument") ;;
    esac
done

if [ $built = no ]; then
    echo "== saltty" >&2
    cargo build --release --features cuda --bin saltty --example timing
    echo "== tests on the GPU" >&2
    SALTTY_NEEDS_GPU=1 cargo test --release --features cuda --test reference --test devices -- --nocapture
else
    echo "== tests on the GPU" >&2
    for test in reference devices; do
        built=$(find target/release/deps -name "$test-*" -type f -perm -u+x -printf '%T@ %p\n' | sort -n | tail -n 1)
        SALTTY_NEEDS_GPU=1 CARGO_MANIFEST_DIR=$PWD "${built#* }" --nocapture
    done
fi
echo "== rounds" >&2
exec "${PYTHON:-python3}" benches/cuda.py ${options[@]+"${options[@]}"}
