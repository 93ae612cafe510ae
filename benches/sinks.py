"""Bytes that a picture costs a terminal: saltty, chafa and timg drawing the same overlay in 80x40 cells, in each depth of colour.

    benches/sinks.sh [--write]      a table; with --write into benches/RESULTS.md

saltty is the real program in a pseudo-terminal just large enough that its overlay covers 80x40 cells: what it sends to draw the
whole screen anew, words included, and what it sends after the key for the next class. chafa and timg draw the PNG that saltty
writes of the same overlay; they know nothing of the screen before, so another class costs them the whole picture again.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from pty_program import PHOTO, Program, program, put

COLUMNS, ROWS = 80, 40
# What each depth is called in saltty's environment, chafa's and timg's arguments.
DEPTHS = {
    "24-bit": ({"COLORTERM": "truecolor", "SALTTY_DEPTH": "24bit"}, ["-c", "full"], []),
    "256 colours": ({"SALTTY_DEPTH": "256"}, ["-c", "240"], ["--color8"]),
    "16 colours": ({"SALTTY_DEPTH": "16"}, ["-c", "16"], None),
    "ASCII": ({"SALTTY_DEPTH": "ascii", "NO_COLOR": "1"}, ["-c", "none", "--symbols", "ascii"], None),
}


def saltty(rows, variables):
    """The interface with the overlay alone, once it is there: the program."""
    run = Program([program(), "--no-cache", PHOTO], COLUMNS, rows, **variables)
    run.wait_for("Egyptian cat")
    run.settle()
    run.press(b"v")
    return run


def fitting():
    """The fewest rows of a terminal 80 columns wide in which the overlay covers 80x40 cells."""
    for rows in range(ROWS, 2 * ROWS):
        run = saltty(rows, DEPTHS["24-bit"][0])
        before = len(run.output)
        run.press(b"\x0c")
        cells = run.words(before).count("▀")
        run.quit()
        if cells >= COLUMNS * ROWS:
            return rows
    raise SystemExit("no terminal 80 columns wide shows an overlay of 80x40 cells")


def of_saltty(rows, depth):
    """Bytes of a whole screen, and of another class."""
    run = saltty(rows, DEPTHS[depth][0])
    whole, _, _ = run.press(b"\x0c")
    other, _, _ = run.press(b"j")
    run.quit()
    return whole, other


def of(command):
    """Bytes that a program writes; none where there is no such program."""
    if command is None or shutil.which(command[0]) is None:
        return None
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    return len(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)


def overlays(folder):
    """PNG files of the overlay for the two likeliest classes."""
    arguments = ["explain", PHOTO, "--class", "top2", "--method", "grad-cam", "--png", folder]
    subprocess.run([program(), *arguments], capture_output=True, check=True)
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith("overlay.png"))


def version(name, argument="--version"):
    """The first line a program says of its version."""
    if shutil.which(name) is None:
        return f"no {name} was found"
    said = subprocess.run([name, argument], capture_output=True, text=True, check=False)
    return (said.stdout + said.stderr).splitlines()[0].split(" (")[0].split(" <")[0]


def number(count):
    """Bytes for a table."""
    return "" if count is None else f"{count:,}"


def table():
    """The whole table in Markdown."""
    rows = fitting()
    lines = [
        f"saltty in a terminal of {COLUMNS}x{rows}; {version('chafa')}, half blocks; {version('timg')}, half blocks. Bytes.",
        "",
        "| colours | saltty, whole screen | saltty, another class | chafa, picture | chafa, another class | timg, picture "
        "| timg, another class |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    with tempfile.TemporaryDirectory() as folder:
        first, second = overlays(folder)
        for depth, (_, chafa, timg) in DEPTHS.items():
            symbols = [] if "--symbols" in chafa else ["--symbols", "vhalf"]
            common = ["chafa", "-f", "symbols", *chafa, *symbols, "--size", f"{COLUMNS}x{ROWS}"]
            drawn = [of([*common, file]) for file in (first, second)]
            timg_common = None if timg is None else ["timg", "-ph", "-U", *timg, f"-g{COLUMNS}x{ROWS}"]
            drawn += [of(timg_common and [*timg_common, file]) for file in (first, second)]
            mine = of_saltty(rows, depth)
            lines.append("| " + " | ".join([depth, *map(number, [*mine, *drawn])]) + " |")
    lines += ["", "An empty place: the program has no such mode, or is not installed."]
    return "\n".join(lines)


if __name__ == "__main__":
    text = table()
    print(text)
    if "--write" in sys.argv:
        put("benches/RESULTS.md", "sinks", text)
