"""How saltty's time and memory grow with photos, threads and depth: a table for RESULTS.md and a plot beside it.

    cargo build --release --bin saltty && python3 benches/growth.py [--quick]

Python's own library is enough. Weights of the VGG networks are made up: 2.2 GB in `target`. --quick writes nothing.
"""

import array
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "target"
PHOTO = HERE.parent / "fixtures" / "cat.png"
RESULTS = HERE / "RESULTS.md"
MARKS = "<!-- growth: begin -->\n", "<!-- growth: end -->\n"
# Convolutions of each block (arXiv 1409.1556, configurations A, B, D and E), all followed by a pooling.
DEPTHS = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def tensors(network):
    """Names and sizes of a VGG network's tensors, as torchvision has them."""
    at, inputs = 0, 3
    for channels, convolutions in zip((64, 128, 256, 512, 512), DEPTHS[network]):
        for _ in range(convolutions):
            yield f"features.{at}", (channels, inputs, 3, 3)
            at, inputs = at + 2, channels
        at += 1
    yield from (("classifier.0", (4096, 25088)), ("classifier.3", (4096, 4096)), ("classifier.6", (1000, 4096)))


def weights(network):
    """The options that name a network's weights, made up where they are not there; none for the embedded ones."""
    if network not in DEPTHS:
        return []
    file = TARGET / f"growth.{network}.safetensors"
    if not file.exists():
        make_up(network, file)
    return ["--weights", file]


def make_up(network, file):
    """Writes random weights of the size that keeps activations as large as they are; biases are zero."""
    chance = random.Random(19)
    noise = [chance.uniform(-1, 1) for _ in range(1_000_003)]
    header, end, written = {}, 0, []
    for layer, shape in tensors(network):
        for part, sizes in (("weight", shape), ("bias", shape[:1])):
            size = 4 * math.prod(sizes)
            header[f"{layer}.{part}"] = {"dtype": "F32", "shape": sizes, "data_offsets": [end, end + size]}
            end += size
            written.append((size, 0 if part == "bias" else math.sqrt(6 / math.prod(shape[1:]))))
    text = json.dumps(header).encode()
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for size, scale in written:
            piece = array.array("f", (scale * value for value in noise)).tobytes()
            for start in range(0, size, len(piece)):
                out.write(piece[: size - start])
    part.rename(file)


def run(network, photos, threads, rounds):
    """Medians of whole processes: seconds, seconds of all processors together, and most resident memory in MB."""
    times, computed, memory = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(photos):
            shutil.copy(PHOTO, Path(folder) / f"{number}.png")
        command = [TARGET / "release/saltty", "explain", folder, *weights(network)]
        for _ in range(rounds):
            start = time.perf_counter()
            process = subprocess.Popen(
                list(map(str, command)),
                stdout=subprocess.DEVNULL,
                env={**os.environ, "RAYON_NUM_THREADS": str(threads)},
            )
            _, status, usage = os.wait4(process.pid, 0)
            times.append(time.perf_counter() - start)
            computed.append(usage.ru_utime + usage.ru_stime)
            memory.append(usage.ru_maxrss * 1024 / 1e6)
            if status != 0:
                raise SystemExit(f"{command} ended with {status}")
    return tuple(map(statistics.median, (times, computed, memory)))


def plot(lines, file):
    """Seconds over photos, both logarithmic; memory under it. `lines`: name -> [(photos, seconds, MB)]."""
    width, height, left, gap = 640, 240, 60, 70
    colours = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#17becf")
    points = [point for line in lines.values() for point in line]
    logarithm = math.log10
    shapes = []

    def panel(top, column, unit):
        values = [point[column] for point in points]
        low, high = logarithm(min(values)) - 0.1, logarithm(max(values)) + 0.1
        most = logarithm(max(point[0] for point in points)) or 1
        x = lambda photos: left + logarithm(photos) / most * (width - left - 150)
        y = lambda value: top + height - (logarithm(value) - low) / (high - low) * height
        shapes.append(f'<rect x="{left}" y="{top}" width="{width - left - 150}" height="{height}" fill="none" stroke="#999"/>')
        shapes.append(f'<text x="{left}" y="{top - 8}">{unit}</text>')
        for photos in sorted({point[0] for point in points}):
            shapes.append(f'<text x="{x(photos):.0f}" y="{top + height + 18}" text-anchor="middle">{photos}</text>')
        for value in (10**k * m for k in range(-2, 5) for m in (1, 3)):
            if low <= logarithm(value) <= high:
                shapes.append(f'<line x1="{left}" x2="{width - 150}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>')
                shapes.append(f'<text x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
        for (name, line), colour in zip(lines.items(), colours):
            path = " ".join(f"{x(point[0]):.1f},{y(point[column]):.1f}" for point in line)
            shapes.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            for point in line:
                shapes.append(f'<circle cx="{x(point[0]):.1f}" cy="{y(point[column]):.1f}" r="3" fill="{colour}"/>')
        if column == 1:
            free = top  # names do not overlap
            for value, name, colour in sorted((y(line[-1][1]), name, c) for (name, line), c in zip(lines.items(), colours)):
                free = max(value + 4, free + 14)
                shapes.append(f'<text x="{width - 142}" y="{free:.1f}" fill="{colour}">{name}</text>')

    panel(30, 1, "seconds, whole process")
    panel(30 + height + gap, 2, "most resident memory, MB")
    total = 2 * height + gap + 70
    shapes.append(f'<text x="{(left + width - 150) / 2:.0f}" y="{total - 8}" text-anchor="middle">photos</text>')
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{width}" height="{total}" fill="white"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def main():
    quick = "--quick" in sys.argv
    counts, rounds = ((1, 2), 1) if quick else ((1, 4, 16, 64, 256), 3)
    load = os.getloadavg()[0]
    lines, rows = {}, [
        "| network | threads | photos | seconds | a photo more | processor seconds | peak memory, MB |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    kinds = [(network, 2, counts) for network in ("squeezenet1_1", "vgg19")]
    kinds += [(network, 1, counts[:3]) for network in ("squeezenet1_1", "vgg19")]
    kinds += [(network, 2, counts[:3]) for network in ("vgg11", "vgg13", "vgg16")]
    for network, threads, several in kinds:
        name = network if threads == 2 else f"{network}, 1 thread"
        lines[name] = []
        for photos in several:
            # Many photos are their own repetition.
            seconds, computed, memory = run(network, photos, threads, 1 if photos > 4 else rounds)
            lines[name].append((photos, seconds, memory))
            # For one photo alone, the weights stay in their file.
            first = next((line for line in lines[name] if line[0] > 1), None)
            more = f"{(seconds - first[1]) / (photos - first[0]):.3f}" if first and photos > first[0] else ""
            numbers = f"{seconds:.2f} | {more} | {computed:.2f} | {memory:.0f}"
            rows.append(f"| {network} | {threads} | {photos} | {numbers} |")
            print(rows[-1], file=sys.stderr)
    words = f"Whole processes, `explain FOLDER`, three maps a photo; load average before {load:.1f}."
    text = words + "\n\n" + "\n".join(rows) + "\n"
    print(text)
    if not quick:
        plot(lines, HERE / "growth.svg")
        before, rest = RESULTS.read_text().split(MARKS[0])
        RESULTS.write_text(before + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1])[1])


if __name__ == "__main__":
    main()
