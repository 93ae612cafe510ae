"""The interface over SSH, on a link of 1 Mbit/s and 150 ms there and back: time and bytes until the first picture and after keys.

    benches/ssh.sh [--write]

An sshd on the loopback with a temporary key, the real ssh in a pseudo-terminal, between them tc netem (--netem: the caller has
set it up) or a proxy that lets 125,000 bytes a second through and keeps each for 75 ms. Inside and outside tmux, in 24-bit and
256 colours. After q it is checked that the alternate screen is left, the cursor shown and the remote terminal as before.
"""

import getpass
import os
import queue
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from pty_program import PHOTO, ROOT, Program, program, put

RATE = 1_000_000 / 8
DELAY = 0.075
COLUMNS, ROWS = 100, 30
OTHER = os.path.join(ROOT, "fixtures", "cat.png")
KEYS = [("next photo", b"n"), ("another class", b"j"), ("overlay alone", b"v"), ("map alone", b"v")]
# What is switched on, and how it is switched off again: alternate screen, hidden cursor, marked pastes.
MODES = [(b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?2004h", b"\x1b[?2004l")]


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SlowLink:
    """A proxy in front of a port: so many bytes a second each way, each of them late."""

    def __init__(self, to):
        self.to = to
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        """Joins whoever comes with the port behind."""
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.to))
            for one, other in [(near, far), (far, near)]:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
                late = queue.Queue()
                threading.Thread(target=self.take, args=(one, late), daemon=True).start()
                threading.Thread(target=self.give, args=(late, other), daemon=True).start()

    @staticmethod
    def take(one, late):
        """Reads no faster than the link carries."""
        carried = time.monotonic()
        while True:
            try:
                data = one.recv(1400)
            except OSError:
                data = b""
            carried = max(carried, time.monotonic()) + len(data) / RATE
            late.put((carried + DELAY, data))
            if not data:
                return
            time.sleep(max(0.0, carried - time.monotonic()))

    @staticmethod
    def give(late, other):
        """Passes on what has been under way long enough."""
        while True:
            when, data = late.get()
            time.sleep(max(0.0, when - time.monotonic()))
            try:
                if not data:
                    other.shutdown(socket.SHUT_WR)
                    return
                other.sendall(data)
            except OSError:
                return


class Server:
    """An sshd of our own."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        for name in ("host", "mine"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"], check=True)
        shutil.copy(f"{folder}/mine.pub", f"{folder}/authorized")
        settings = [
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host", f"PidFile {folder}/pid",
            f"AuthorizedKeysFile {folder}/authorized", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
            "PermitRootLogin prohibit-password",
        ]
        with open(f"{folder}/sshd_config", "w", encoding="ascii") as file:
            file.write("\n".join(settings) + "\n")
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        sshd = shutil.which("sshd") or "/usr/sbin/sshd"
        log = f"{folder}/sshd.log"
        self.process = subprocess.Popen([sshd, "-D", "-f", f"{folder}/sshd_config", "-E", log])
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"sshd does not listen: {open(log, encoding='utf-8').read()}")

    def command(self, port, remote):
        """The ssh that runs `remote` in a terminal there."""
        options = ["IdentitiesOnly=yes", "StrictHostKeyChecking=no", f"UserKnownHostsFile={self.folder}/known",
                   "LogLevel=ERROR", "Compression=no", "ControlMaster=no"]
        arguments = [word for option in options for word in ("-o", option)]
        return ["ssh", "-F", "none", "-tt", "-i", f"{self.folder}/mine", "-p", str(port), *arguments,
                f"{getpass.getuser()}@127.0.0.1", remote]


def remote(folder, colors, in_tmux):
    """The command line at the far end, which also compares the terminal's settings before and after."""
    variables = f"HOME={folder}" + (" COLORTERM=truecolor" if colors == "24-bit" else "")
    run = f"env {variables} '{program()}' --no-cache '{PHOTO}' '{OTHER}'"
    if in_tmux:
        with open(f"{folder}/tmux.conf", "w", encoding="ascii") as file:
            file.write("set -g status off\nset -as terminal-features ',xterm*:RGB'\n")
        run = f"env {variables} tmux -S {folder}/tmux -f {folder}/tmux.conf new-session \"{run}\""
    return f"before=$(stty -g); {run}; told=$?; [ \"$before\" = \"$(stty -g)\" ] && echo same-settings; exit $told"


def trial(server, port, colors, in_tmux):
    """One visit: seconds and bytes to the first picture, then for each key; and whether the terminal was given back."""
    run = Program(server.command(port, remote(server.folder, colors, in_tmux)), COLUMNS, ROWS)
    run.wait_for("Egyptian cat")
    run.settle(1.0)
    first = (run.latest_byte - run.start, len(run.output))
    # tmux gives up asking the terminal around it five seconds after its start, and then says eight bytes more.
    while in_tmux and time.monotonic() - run.start < 8.0:
        run.read(0.1)
    keys = [run.press(key, quiet=1.2) for _, key in KEYS]
    status = run.quit(b"q")
    ends = all(run.output.rfind(off) > run.output.rfind(on) for on, off in MODES)
    return first, keys, status == 0 and ends and b"same-settings" in run.output


def connect(server, port):
    """Seconds that a connection alone takes."""
    run = Program(server.command(port, "echo there"), COLUMNS, ROWS)
    seconds = run.wait_for("there")
    run.quit(b"")
    return seconds


def row(server, port, colors, in_tmux, rounds):
    """A row of the table."""
    trials = [trial(server, port, colors, in_tmux) for _ in range(rounds)]
    cells = [colors, "inside" if in_tmux else "outside"]
    cells.append(f"{statistics.median([first[0] for first, _, _ in trials]):.1f} s, "
                 f"{statistics.median([first[1] for first, _, _ in trials]) / 1000:.0f} kB")
    for at in range(len(KEYS)):
        sent = [keys[at] for _, keys, _ in trials]
        cells.append(f"{statistics.median([one[1] for one in sent]):.2f} to {statistics.median([one[2] for one in sent]):.2f} s, "
                     f"{statistics.median([one[0] for one in sent]) / 1000:.1f} kB")
    cells.append("yes" if all(restored for *_, restored in trials) else "**no**")
    return "| " + " | ".join(cells) + " |"


def main():
    """Starts sshd, visits, ends sshd."""
    if not (shutil.which("sshd") or os.path.exists("/usr/sbin/sshd")) or not shutil.which("ssh"):
        raise SystemExit("no sshd or ssh: install openssh-server and openssh-client")
    netem, rounds = "--netem" in sys.argv, 3
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            port = server.port if netem else SlowLink(server.port).port
            alone = statistics.median([connect(server, port) for _ in range(3)])
            rows = [row(server, port, colors, in_tmux, rounds)
                    for in_tmux in ([False, True] if shutil.which("tmux") else [False]) for colors in ("256", "24-bit")]
        finally:
            server.process.terminate()
            server.process.wait()
    how = "tc netem" if netem else "a proxy, as tc netem was not to be had"
    version = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr.split(",")[0]
    tmux = subprocess.run(["tmux", "-V"], capture_output=True, text=True, check=False).stdout.strip() \
        if shutil.which("tmux") else "no tmux"
    text = [
        f"{time.strftime('%Y-%m-%d')}: {version}, {tmux}; 1 Mbit/s and 150 ms there and back, by {how}; terminal {COLUMNS}x{ROWS}; "
        f"medians of {rounds} visits; load average {os.getloadavg()[0]:.1f}. A connection alone takes {alone:.1f} s. Of keys: "
        "from first to last byte, counted from the key.",
        "",
        "| colours | tmux | from `ssh` to the first picture | " + " | ".join(name for name, _ in KEYS)
        + " | terminal given back |",
        "| --- | --- | --- |" + " --- |" * (len(KEYS) + 1),
        *rows,
    ]
    print("\n".join(text))
    if "--write" in sys.argv:
        put("CONTRIBUTING.md", "ssh", "\n".join(text))


if __name__ == "__main__":
    main()
