#!/bin/sh
# Makes the README's pictures of the interface by running the real program: docs/pictures/make.sh [NAME ...]
# SALTTY_SECOND=vgg19=FILE compares with that network instead of one with made-up upper layers.
set -eu
cd "$(dirname "$0")/../.."
cargo build
exec cargo run --quiet --example screens -- docs/pictures "$@"
