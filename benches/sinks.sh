#!/bin/sh
# Bytes of a picture in the terminal, beside chafa and timg: benches/sinks.py says what is measured.
# Needs python3 and, for the comparison, chafa and timg (Debian: apt-get install chafa timg). SALTTY=FILE takes another build.
set -eu
cd "$(dirname "$0")/.."
[ -n "${SALTTY:-}" ] || cargo build --release
exec python3 benches/sinks.py "$@"
