#!/usr/bin/env bash
# Runs saltty and its rivals on the same weights and the same photo, in alternation, and prints who took how long.
#
#   benches/rivals.sh [--quick] [--write] [--without-tensorflow] [VENV]
#
# --quick   few rounds, to see that it works; its numbers are not worth quoting
# --write   also puts the table into benches/RESULTS.md, between its marks
# VENV      where Python's packages are or go [default: target/rivals]
#
# Needs python3 with venv, a package registry, some 6 GB of disk and 6 GB of memory, and a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."

options=() tensorflow=yes venv=target/rivals
for argument in "$@"; do
    case "$argument" in
        --without-tensorflow) tensorflow=no ;;
        -*) options+=("$argument") ;;
        *) venv=$argument ;;
    esac
done

echo "== packages" >&2
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check torch torchvision grad-cam captum safetensors pillow
# A venv of its own: TensorFlow asks for other versions of the packages that both need.
if [ $tensorflow = yes ]; then
    [ -x "$venv-tensorflow/bin/python" ] || python3 -m venv "$venv-tensorflow"
    "$venv-tensorflow/bin/python" -m pip install --quiet --disable-pip-version-check \
        tensorflow-cpu safetensors pillow scikit-image ||
        echo "TensorFlow does not install here: the article's listing is skipped" >&2
    options+=(--tensorflow "$venv-tensorflow/bin/python")
fi

echo "== saltty" >&2
cargo build --release --bin saltty --example timing

echo "== rounds" >&2
exec "$venv/bin/python" benches/rivals.py ${options[@]+"${options[@]}"}
