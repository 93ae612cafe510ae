#!/usr/bin/env bash
# Runs a command with the emulated GPU of emulator.cpp in place of NVIDIA's driver and cuBLAS:
#
#     eval "$(bash scripts/cuda-toolchain.sh ~/saltty-cuda)"
#     SALTTY_NEEDS_GPU=1 tests/gpu_kernels/emulator.sh cargo test --features cuda --test devices --test reference
#
# What composes dfdx's operations cannot run on it, as it has none of dfdx's kernels; these tests know.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${CARGO_TARGET_DIR:-$here/../../target}/emulated-gpu
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
sed 's/^\( *\)extern "C" __global__/\1static __global__/' "$here/../../src/nn/cuda/kernels.cu" >"$folder/kernels.inc"
compiler=${CXX:-c++}
"$compiler" -std=c++17 -O3 -march=native -w -shared -fPIC "-I$folder" "$here/emulator.cpp" -Wl,-soname,libcuda.so.1 \
    -o "$folder/libcuda.so.1"
# cuBLAS's functions are in there as well; the loader only wants to find a library of that name and version.
echo 'libcublas.so.13 { global: *; };' >"$folder/versions"
echo 'int emulated_gpu;' | "$compiler" -xc - -shared -fPIC -Wl,-soname,libcublas.so.13 "-Wl,--version-script=$folder/versions" \
    -o "$folder/libcublas.so.13"
export SALTTY_EMULATED_GPU=1
LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$@"
