"""Asks saltty and PyTorch for the same maps on the same GPU in turn, and prints the medians. `cuda.sh` prepares all."""

import argparse
import sys
import time

import rivals
from rivals import CLASS, HERE, PHOTO, TARGET, Server, alternate

MARKS = "<!-- cuda: begin -->\n", "<!-- cuda: end -->\n"
# Photos at a time; milliseconds that one photo may take; times PyTorch's that a batch may take.
ROWS = [(1, 10.0, None), (8, None, None), (64, None, 1.5)]


def met(ours, ratio, most, times):
    if most is not None:
        return f"<= {most:.0f} ms: {'met' if ours <= most else 'missed'}"
    if times is not None:
        return f"<= {times} times: {'met' if ratio <= times else 'missed'}"
    return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    vgg19 = rivals.made_up_vgg19()
    ours = Server(TARGET / "examples" / "timing", "serve", vgg19, PHOTO, CLASS, options.device)
    theirs = Server(sys.executable, HERE / "rivals" / "on_gpu.py", vgg19, PHOTO, CLASS)
    lines = [
        f"saltty {rivals.commit()} beside {theirs.ask('versions')}; VGG19, {rivals.MAPS}; {time.strftime('%Y-%m-%d')}; "
        f"medians of {options.rounds}, taking turns, float32 without TF32, maps copied back.\n",
        "| photos at a time | saltty, ms | PyTorch by hand, ms | ratio | target |",
        "| --: | --: | --: | --: | --- |",
    ]
    for photos, most, times in ROWS:
        line = f"maps {photos}"
        pytorch, saltty, ratio = alternate(options.rounds, lambda: theirs.time(line), lambda: ours.time(line))
        target = met(saltty, ratio, most, times)
        lines.append(f"| {photos} | {saltty:.1f} | {pytorch:.1f} | {ratio:.2f} | {target} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        rivals.write(text, MARKS)


if __name__ == "__main__":
    main()
