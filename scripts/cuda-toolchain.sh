#!/usr/bin/env bash
# What `cargo build --features cuda` needs, in a folder of its own, for machines without NVIDIA's toolkit:
#
#     eval "$(bash scripts/cuda-toolchain.sh ~/saltty-cuda)"
#     cargo build --release --features cuda
#
# It installs NVIDIA's compiler and libraries from PyPI by name (CUDA 13.0, about 1 GB), which needs python3 with pip and
# a C compiler, and prints what the shell has to know. A second run prints the same again.
#
# Where no driver is installed it makes stand-ins: an `nvidia-smi` that names the kind of GPU to build for (9.0; for
# another, set CUDA_COMPUTE_CAP=86 and the like when building) and a `libcuda` that answers every call with an error. The binary then links here and
# runs on a machine with a driver; here, `saltty --device auto` says that there is none and computes on the processor.
#
# Who has the toolkit already needs none of this: CUDA_PATH and PATH as NVIDIA's guide sets them are enough.
set -euo pipefail

if [ $# -ne 1 ]; then
    echo "usage: eval \"\$(bash $0 FOLDER)\"" >&2
    exit 2
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)
root=$folder/packages/nvidia/cu13
stand_ins=$folder/stand-ins

# A driver takes code made by a compiler as old as itself or older, so all are 13.0.
packages=(
    "nvidia-cuda-nvcc==13.0.*" "nvidia-nvvm==13.0.*" "nvidia-cuda-crt==13.0.*" "nvidia-cuda-cccl==13.0.*"
    "nvidia-cuda-runtime==13.0.*" "nvidia-cuda-nvrtc==13.0.*" "nvidia-cublas==13.0.*" "nvidia-curand==10.4.0.*"
)

if [ ! -e "$folder/complete" ]; then
    echo "installing CUDA 13.0 into $folder" >&2
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "$folder/packages" \
        "${packages[@]}" >&2
    # The linker wants names without versions.
    for library in "$root"/lib/lib{cublas,cublasLt,curand,nvrtc}.so.*; do
        ln -sf "$(basename "$library")" "${library%%.so.*}.so"
    done
    touch "$folder/complete"
fi

mkdir -p "$stand_ins/bin" "$stand_ins/lib"
# Where the loader would find the driver; ldconfig is not in everyone's PATH.
driver=$( (PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true) | sed -n 's/.*libcuda\.so\.1 .*=> //p' | head -n 1)
IFS=: read -ra searched <<<"${LD_LIBRARY_PATH:-}"
for place in ${searched[@]+"${searched[@]}"}; do
    if [ -z "$driver" ] && [ -e "$place/libcuda.so.1" ] && [ "$place" != "$stand_ins/lib" ]; then
        driver=$place/libcuda.so.1
    fi
done
path=$root/bin
libraries=$root/lib last=
if [ -n "$driver" ]; then
    ln -sf "$driver" "$root/lib/libcuda.so"
else
    # Every name in cuda.h that could be a function; 34 is CUDA_ERROR_STUB_LIBRARY.
    grep -oE '\bcu[A-Z][A-Za-z0-9_]*' "$root/include/cuda.h" | sort -u | sed 's/.*/int &(void) { return 34; }/' \
        >"$stand_ins/driver.c"
    cc -shared -fPIC -w -Wl,-soname,libcuda.so.1 -o "$stand_ins/lib/libcuda.so.1" "$stand_ins/driver.c"
    ln -sf "$stand_ins/lib/libcuda.so.1" "$root/lib/libcuda.so"
    last=:$stand_ins/lib
fi
if ! command -v nvidia-smi >/dev/null; then
    printf '#!/bin/sh\necho compute_cap\necho 9.0\n' >"$stand_ins/bin/nvidia-smi"
    chmod +x "$stand_ins/bin/nvidia-smi"
    path=$path:$stand_ins/bin
fi

echo "export CUDA_PATH='$root'"
echo "export PATH='$path':\"\$PATH\""
echo "export LD_LIBRARY_PATH='$libraries'\"\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}\"'$last'"
