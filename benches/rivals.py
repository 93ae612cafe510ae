"""Asks saltty and its rivals for the same work in turn, and prints the medians side by side. `rivals.sh` prepares all.

This process imports nothing large, so that what it starts begins small: a process's peak memory counts its parent's.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "target" / "release"
PHOTO = HERE.parent / "fixtures" / "cat.png"  # JPEG decoders differ by a level here and there
EMBEDDED = HERE.parent / "fixtures" / "squeezenet1_1.f16.safetensors"
RESULTS = HERE / "RESULTS.md"
MARKS = "<!-- rivals: begin -->\n", "<!-- rivals: end -->\n"
CLASS = "285"
THREADS = {name: "2" for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")}
ENVIRONMENT = {**os.environ, **THREADS, "COLUMNS": "100"}
MAPS = "Grad-CAM, guided backpropagation, guided Grad-CAM"


class Server:
    """A process that answers lines."""

    def __init__(self, *command):
        self.complaints = tempfile.TemporaryFile("w+")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.complaints}
        self.process = subprocess.Popen(list(map(str, command)), text=True, env=ENVIRONMENT, **pipes)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            self.complaints.seek(0)
            raise SystemExit(f"{self.complaints.read()[-2000:]}{self.process.args} ended at `{line}`")
        return answer.strip()

    def time(self, line):
        return float(self.ask(line))

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def alternate(rounds, first, second):
    """The medians of both works' milliseconds, which take turns, and that of each turn's ratio, the second's over the first's: a
    machine that is slower for some minutes is so for both."""
    times = [], []
    for _ in range(rounds):
        for work, so_far in zip((first, second), times):
            time.sleep(0.2)  # the other's threads may still wait for work
            so_far.append(work())
    return medians(*times)


def medians(theirs, ours):
    """Of both sides' milliseconds, turn by turn, and of each turn's ratio."""
    ratios = [our / their for their, our in zip(theirs, ours)]
    return [statistics.median(values) for values in (theirs, ours, ratios)]


def cold(command, log):
    """A whole process: milliseconds; its most resident memory in MB goes to `log`."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        passed = 1000 * (time.perf_counter() - start)
    if process.returncode != 0:
        raise SystemExit(f"{command} ended with {process.returncode}")
    log.append(usage.ru_maxrss * 1024 / 1e6)
    return passed


class Table:
    """Rows of the report."""

    def __init__(self):
        self.rows = ["| work | rival | rival, ms | saltty, ms | ratio | target |", "| --- | --- | --: | --: | --: | --: |"]

    def add(self, work, rival, theirs, ours, ratio, target):
        met = "" if target is None else f"<= {target} {'met' if ratio <= target else '**missed**'}"
        row = f"| {work} | {rival} | {theirs:.1f} | {ours:.1f} | {ratio:.3f} | {met} |"
        print(row, file=sys.stderr)
        self.rows.append(row)


def warm(table, name, weights, rounds, photos):
    """Rows of work with the weights in memory. Returns the arrays' distances and versions."""
    serve = HERE / "rivals" / "serve.py"
    ours = Server(TARGET / "examples" / "timing", "serve", "-" if weights == EMBEDDED else weights, PHOTO, CLASS)
    theirs = Server(sys.executable, serve, name, weights, PHOTO, CLASS)
    versions = json.loads(theirs.ask("versions")) | {"instructions": ours.ask("instructions")}
    turn = lambda mine, other, who=ours: alternate(rounds, lambda: theirs.time(other), lambda: who.time(mine))
    short = "VGG19" if name == "vgg19" else "SqueezeNet 1.1"
    vgg = name == "vgg19"
    table.add(f"{short}: {MAPS}", "PyTorch by hand", *turn("maps", "maps"), 0.45 if vgg else 0.5)
    table.add(f"{short}: {MAPS}", "pytorch-grad-cam", *turn("maps", "pytorch-grad-cam"), 0.20 if vgg else None)
    table.add(f"{short}: {MAPS}", "Captum", *turn("maps", "captum"), 0.30 if vgg else None)
    table.add(f"{short}: forward alone", "PyTorch, no_grad", *turn("forward", "forward"), 0.45 if vgg else None)
    rival = "PyTorch head backward"
    table.add(f"{short}: Grad-CAM of another class", rival, *turn("another-class", "another-class"), 0.5 if vgg else None)
    if vgg:
        direct(table, turn, weights, theirs)
    folder(table, short, ours, weights, max(1, min(rounds // 4, 5)), photos)
    distances = compared(theirs, name, weights)
    ours.stop()
    theirs.stop()
    return distances, versions


def direct(table, turn, weights, theirs):
    """Rows of the kernels that do all products of the definition."""
    ours = Server(TARGET / "examples" / "timing", "serve", weights, PHOTO, CLASS, "cpu", "direct")
    ours.ask("instructions")  # once the weights are loaded
    table.add(f"VGG19 with --kernels direct: {MAPS}", "PyTorch by hand", *turn("maps", "maps", ours), 1.2)
    table.add("VGG19 with --kernels direct: forward alone", "PyTorch, no_grad", *turn("forward", "forward", ours), 1.2)
    ours.stop()
    compared(theirs, "VGG19 with --kernels direct", weights, "--kernels", "direct")


def folder(table, short, ours, weights, rounds, photos):
    """Rows of a folder beside one photo: the same work from file to maps, and its maps alone."""
    # From here on, saltty remembers the hash of the weights that it tells with `--json`.
    cold([TARGET / "saltty", "explain", PHOTO, "--json", *asking_for(weights)], [])
    # One photo is over so soon that one turn of it would say little of the machine's state beside a whole folder's.
    single = lambda work: statistics.median(ours.time(work) for _ in range(9))
    turns = [(single("file"), single("maps"), per_photo(weights, photos)) for _ in range(rounds)]
    file, maps, each = zip(*turns)
    work = f"{short}: a folder of {photos} photos, files to maps, each"
    table.add(work, "saltty, one photo, file to maps", *medians(file, each), 0.8 if short == "VGG19" else None)
    table.add(work, "saltty, the maps of one photo in memory", *medians(maps, each), None)


def asking_for(weights):
    """Options that name the weights."""
    return [] if weights == EMBEDDED else ["--weights", weights]


def per_photo(weights, photos):
    """Milliseconds that each photo of a folder takes after the first two (for one alone, the weights stay in their file)."""
    times = []
    for count in (2, photos + 2):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(count):
                shutil.copy(PHOTO, Path(folder) / f"{number}.png")
            times.append(cold([TARGET / "saltty", "explain", folder, "--json", *asking_for(weights)], []))
    return (times[1] - times[0]) / photos


def compared(theirs, name, weights, *options):
    """How far saltty's arrays are from PyTorch's."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ours.safetensors"
        asked = [*asking_for(weights), *options]
        cold([TARGET / "saltty", "explain", PHOTO, "--class", CLASS, "--arrays", file, *asked], [])
        distances = json.loads(theirs.ask(f"compare {file}"))
    worst = max(distances[key] for key in ("input", "scores", "gradcam_signed"))
    if worst > 1e-4 or distances["guided_backprop"] > 2e-2:
        raise SystemExit(f"{name}: both sides did not compute the same: {distances}")
    return distances


def from_nothing(table, vgg19, rounds):
    """Rows of whole processes, and their memory."""
    script = HERE / "rivals" / "cold.py"
    saltty = TARGET / "saltty"
    with tempfile.TemporaryDirectory() as folder:
        python = [sys.executable, script, "vgg19", vgg19, PHOTO, folder]
        rust = [saltty, "explain", PHOTO, "--weights", vgg19, "--png", folder]
        memory = [], []
        cold(python, []), cold(rust, [])
        times = alternate(rounds, lambda: cold(python, memory[0]), lambda: cold(rust, memory[1]))
    table.add("VGG19, cold: process start to six PNG files, weights in the page cache", "a Python script", *times, 0.08)
    python = [sys.executable, script, "squeezenet1_1", EMBEDDED, PHOTO, "-"]
    rust = [saltty, PHOTO, "--plain", "--color", "always"]
    cold(python, []), cold(rust, [])
    times = alternate(rounds, lambda: cold(python, []), lambda: cold(rust, []))
    table.add("SqueezeNet 1.1, cold: process start to coloured text on standard output", "a Python script", *times, 0.03)
    return [max(each) for each in memory]


def article(table, tensorflow, vgg19, rounds):
    """The article's own listing, where TensorFlow is installed."""
    missing = subprocess.run([tensorflow, "-c", "import tensorflow, skimage"], capture_output=True).returncode != 0
    if missing:
        return "The article's TensorFlow listing was skipped: TensorFlow is not installed.\n"
    ours = Server(TARGET / "examples" / "timing", "serve", vgg19, PHOTO, CLASS)
    theirs = Server(tensorflow, HERE / "rivals" / "article.py", vgg19, PHOTO)
    times = alternate(rounds, lambda: theirs.time("maps"), lambda: ours.time("maps"))
    table.add(f"VGG19: {MAPS}", "the article's TensorFlow listing (no classifier)", *times, None)
    ours.stop()
    theirs.stop()
    return ""


def made_up_vgg19():
    """The file of VGG19's made-up weights, written once."""
    file = HERE.parent / "target" / "rivals.vgg19.safetensors"
    if not file.exists():
        code = f"import networks; networks.made_up_vgg19({str(file)!r})"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE / "rivals")
    return file


def commit():
    """Which saltty this is."""
    found = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=HERE)
    return found.stdout.strip()


def machine():
    """The machine in words, without its name."""
    info = Path("/proc/cpuinfo").read_text()
    value = lambda key: next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith(key)), "?")
    vectors = [name for name in ("avx512f", "avx2") if f" {name}" in value("flags")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {value('model name')} ({', '.join(vectors)}), {memory:.0f} GiB, {platform.system()}"


def report(table, checks, versions, memory, weights, notes, load):
    """Markdown of everything."""
    python, rust = memory
    lines = [
        f"Machine: {machine()}. saltty {commit()}, {versions.pop('instructions')} instructions; "
        + ", ".join(f"{name} {number}" for name, number in versions.items())
        + f"; Python {platform.python_version()}. {time.strftime('%Y-%m-%d')}, 2 threads each, taking turns: medians, also of the turns' ratios; load "
        f"average before {load[0]:.1f}, after {os.getloadavg()[0]:.1f} (2 is what the benchmark itself makes).\n",
        *table.rows,
        f"\nPeak memory, VGG19, three maps, the cold processes: Python {python:.0f} MB, saltty {rust:.0f} MB: ratio "
        f"{rust / python:.2f} (target <= 0.5); {abs(rust - weights):.0f} MB {'more' if rust > weights else 'less'} than the "
        f"weights' {weights:.0f} (target: at most 250 more).\n",
        "Relative distance between saltty's arrays and PyTorch's (both float32):\n",
        "| network | " + " | ".join(checks["VGG19"]) + " |",
        "| --- |" + " --: |" * len(checks["VGG19"]),
        *(f"| {name} | " + " | ".join(f"{d:.1e}" for d in found.values()) + " |" for name, found in checks.items()),
    ]
    return "\n".join(lines) + "\n" + notes


def write(text, marks=MARKS):
    """Puts `text` between the marks in RESULTS.md."""
    before, rest = RESULTS.read_text().split(marks[0])
    RESULTS.write_text(before + marks[0] + text + marks[1] + rest.split(marks[1])[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--tensorflow", help="a Python that has TensorFlow")
    options = parser.parse_args()
    rounds, cold_rounds, photos = (2, 1, 4) if options.quick else (21, 9, 64)
    load, table, checks = os.getloadavg(), Table(), {}
    vgg19 = made_up_vgg19()
    checks["VGG19"], versions = warm(table, "vgg19", vgg19, rounds, photos)
    # Soon over, so that a busy second of the machine would be several turns.
    checks["SqueezeNet 1.1"], _ = warm(table, "squeezenet1_1", EMBEDDED, 3 * rounds, photos)
    memory = from_nothing(table, vgg19, cold_rounds)
    notes = article(table, options.tensorflow, vgg19, rounds) if options.tensorflow else ""
    text = report(table, checks, versions, memory, vgg19.stat().st_size / 1e6, notes, load)
    if options.quick:
        text = "A quick run, to see that it works; not to be quoted.\n\n" + text
    print(text)
    if options.write:
        write(text)


if __name__ == "__main__":
    main()
