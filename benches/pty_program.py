"""saltty in a pseudo-terminal, for sinks.py, ssh.py and folder.py: what it sends, how much, and when."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PHOTO = os.path.join(ROOT, "fixtures", "cat_and_dog.jpg")
# Escape sequences, to find words between them.
ESCAPES = re.compile(rb"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[P_^X][^\x1b]*\x1b\\|[@-Z\\-_])")


def program():
    """The program: SALTTY, else the release build."""
    return os.environ.get("SALTTY") or os.path.join(ROOT, "target", "release", "saltty")


class Program:
    """A program in a pseudo-terminal of its own, whose output is counted."""

    def __init__(self, argv, columns, rows, **variables):
        self.home = tempfile.TemporaryDirectory()
        keep = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        environment = {**keep, "TERM": "xterm-256color", "HOME": self.home.name, **variables}
        self.start = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(argv[0], argv, environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.output = b""
        # When something came; `latest` is also moved by those who wait.
        self.latest = self.latest_byte = self.start
        self.ended = False

    def read(self, seconds):
        """Takes what comes within this time."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            data = b""
        self.ended = self.ended or not data
        self.output += data
        self.latest = self.latest_byte = time.monotonic()
        # A terminal answers when it is asked what it is; an xterm without pictures.
        if b"\x1b[c" in data or b"\x1b[0c" in data:
            os.write(self.fd, b"\x1b[?62;22c")
        if b"\x1b[5n" in data:
            os.write(self.fd, b"\x1b[0n")

    def words(self, since=0):
        """What came as text, escape sequences left out."""
        return ESCAPES.sub(b"", self.output[since:]).decode("utf-8", "replace")

    def wait_for(self, text, since=0, patience=60.0):
        """Seconds until `text` came, counted from the start of the program."""
        until = time.monotonic() + patience
        while text not in self.words(since):
            if self.ended or time.monotonic() > until:
                raise SystemExit(f"`{text}` did not come; this did: {self.words(since)[-600:]!r}")
            self.read(0.05)
        return time.monotonic() - self.start

    def settle(self, quiet=0.7, patience=60.0):
        """Waits until nothing came for so long."""
        until = time.monotonic() + patience
        self.latest = time.monotonic()
        while time.monotonic() - self.latest < quiet and time.monotonic() < until and not self.ended:
            self.read(0.05)

    def press(self, keys, quiet=0.7):
        """Bytes that come after these keys, seconds until the first and until the last of them."""
        before, start = len(self.output), time.monotonic()
        os.write(self.fd, keys)
        first = None
        until = start + 60.0
        self.latest = start
        while time.monotonic() - self.latest < quiet and time.monotonic() < until and not self.ended:
            self.read(0.02)
            if first is None and len(self.output) > before:
                first = time.monotonic() - start
        return len(self.output) - before, first or 0.0, max(0.0, self.latest_byte - start)

    def resident(self):
        """Kilobytes of resident memory."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def quit(self, keys=b"\x03"):
        """Leaves it; its exit status, or none where it did not end."""
        os.write(self.fd, keys)
        until = time.monotonic() + 15.0
        while not self.ended and time.monotonic() < until:
            self.read(0.2)
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def put(file, mark, text):
    """Puts `text` between the marks of this name in a file of the repository."""
    path = os.path.join(ROOT, file)
    with open(path, encoding="utf-8") as old:
        content = old.read()
    begin, end = f"<!-- {mark}: begin -->\n", f"<!-- {mark}: end -->"
    head, rest = content.split(begin)
    _, tail = rest.split(end)
    with open(path, "w", encoding="utf-8") as new:
        new.write(head + begin + text.strip() + "\n" + end + tail)
