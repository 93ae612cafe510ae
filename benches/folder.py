"""A folder of 10,000 photos: seconds to the first picture, and resident memory while all of them are listed.

    python3 benches/folder.py [--write] [--photos 10000] [--listing 60]      SALTTY=FILE takes another build

The folder is synthetic: copies of one JPEG of 640x480, each with a few bytes of its own after its end, so that no two have the
same hash and each is decoded and computed. --write puts the table into benches/RESULTS.md.
"""

import argparse
import os
import platform
import re
import statistics
import tempfile
import time

from pty_program import PHOTO, Program, program, put

COLUMNS, ROWS = 120, 40


def fill(folder, photos):
    """Writes the photos."""
    with open(PHOTO, "rb") as file:
        jpeg = file.read()
    for at in range(photos):
        with open(os.path.join(folder, f"{at:05}.jpg"), "wb") as file:
            file.write(jpeg + at.to_bytes(4, "big"))


def opened(folder):
    """The interface on that folder, 24-bit colours."""
    return Program([program(), folder], COLUMNS, ROWS, COLORTERM="truecolor")


def first_picture(folder):
    """Seconds from the start to the list of classes, which comes with the first map."""
    run = opened(folder)
    seconds = run.wait_for("Egyptian cat")
    run.quit()
    return seconds


def listing(folder, seconds, photos):
    """Photos looked at and megabytes of resident memory, ten times within this time."""
    run = opened(folder)
    run.wait_for("Egyptian cat")
    os.write(run.fd, b"f")
    known, measured, start = 0, [], time.monotonic()
    for at in range(1, 11):
        while time.monotonic() - start < seconds * at / 10:
            run.read(0.1)
            found = re.findall(rf"(\d+) of {photos} looked", run.words(len(run.output) - 200_000))
            known = int(found[-1]) if found else known
            run.output = run.output[-400_000:]
        # Somebody moves about meanwhile.
        os.write(run.fd, [b"\x1b[6~", b"\x1b[F", b"\x1b[H", b"j"][at % 4])
        whole = re.findall(rf"(\d+) of {photos} looked", screen_again(run))
        known = int(whole[-1]) if whole else known
        measured.append((time.monotonic() - start, known, run.resident() / 1024))
    run.quit()
    return measured


def screen_again(run):
    """What the whole screen says, drawn anew."""
    before = len(run.output)
    os.write(run.fd, b"\x0c")
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        run.read(0.05)
    return run.words(before)


def cores():
    """Load averages, and processors."""
    return f"{os.cpu_count()} cores ({platform.machine()}), load average {os.getloadavg()[0]:.1f}"


def main():
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--photos", type=int, default=10_000)
    options.add_argument("--listing", type=float, default=60.0, help="seconds to list")
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    before = cores()
    with tempfile.TemporaryDirectory() as folder:
        fill(folder, chosen.photos)
        alone = sorted(first_picture(PHOTO) for _ in range(7))
        first = sorted(first_picture(folder) for _ in range(7))
        rows = listing(folder, chosen.listing, chosen.photos)
    text = [
        f"{before} before, {os.getloadavg()[0]:.1f} after; {time.strftime('%Y-%m-%d')}; {chosen.photos:,} photos of "
        "640x480, embedded network, a cache that was empty.",
        "",
        f"First picture of the folder: median {statistics.median(first):.2f} s of seven ({first[0]:.2f} to {first[-1]:.2f}); of "
        f"one photo alone {statistics.median(alone):.2f} s ({alone[0]:.2f} to {alone[-1]:.2f}).",
        "",
        "| seconds of listing | photos looked at | resident memory, MB |",
        "| --: | --: | --: |",
        *[f"| {seconds:.0f} | {known:,} | {memory:.0f} |" for seconds, known, memory in rows],
    ]
    print("\n".join(text))
    if chosen.write:
        put("benches/RESULTS.md", "folder", "\n".join(text))


if __name__ == "__main__":
    main()
