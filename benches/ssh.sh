#!/bin/sh
# The interface over a real SSH connection with a slow link: benches/ssh.py says what is measured.
#
#   benches/ssh.sh [--write]        --write puts the table into CONTRIBUTING.md; SALTTY=FILE takes another build
#
# Needs python3, sshd and ssh (Debian: apt-get install openssh-server), and tmux for its half. sshd runs as an ordinary process on
# the loopback with keys and settings of its own, and is ended afterwards. The link is slowed by tc netem in a network namespace
# where that is allowed, else by a proxy.
set -eu
cd "$(dirname "$0")/.."
[ -n "${SALTTY:-}" ] || cargo build --release
slow='ip link set lo up && tc qdisc add dev lo root netem delay 75ms rate 1mbit'
if unshare -n sh -c "$slow" 2>/dev/null; then
    exec unshare -n sh -c "$slow"' && exec python3 benches/ssh.py --netem "$@"' ssh.py "$@"
fi
exec python3 benches/ssh.py "$@"
