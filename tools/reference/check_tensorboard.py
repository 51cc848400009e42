"""Reads a run's events with the real TensorBoard, and compares every number with what `metrics.jsonl` says.

    npx polyvec train recipe.json --out runs/x                   # better: killed once, and resumed
    python tools/reference/check_tensorboard.py runs/x

Needs tensorboard (2.21 was tried). First its EventAccumulator reads the files; then `tensorboard --logdir` serves them, and its HTTP API is asked what the
page would show: every curve, and the recipe as a text. A step that is there twice, one that is missing, a number that differs or a time that runs backwards
is told, and ends it with 1.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = Path(sys.argv[1]).resolve()


def flat(prefix, values):
    return {f"{prefix}/{name}": value for name, value in values.items() if isinstance(value, (int, float))}


def curves_of(row):
    """The numbers of a line of the log, by the names that TensorBoard should have them under."""
    if row["type"] == "evaluation":
        return flat("validation", row["scores"])
    if row["type"] != "step":
        return {}
    names = ["loss", "aggregateLoss", "learningRate", "gradientNorm", "seconds", "inputsPerSecond", "lossScale", "skippedSteps"]
    diversity = row.get("diversity", {})
    return {
        **flat("step", {name: row.get(name) for name in names}),
        **flat("loss", {row["task"]: row["loss"]}),
        **flat("precision", {row["task"]: row["precision"]}),
        **flat("pathLosses", dict(enumerate(row.get("pathLosses", [])))),
        **flat("pathPrecisions", dict(enumerate(row.get("pathPrecisions", [])))),
        **flat("regulariser", {"value": row.get("regulariser"), "weight": row.get("regulariserWeight")}),
        **flat("estimator", row.get("estimator", {})),
        **flat("diversity", {**diversity, "closest": (diversity.get("closest") or {}).get("rankCorrelation")}),
    }


expected = {}
for row in map(json.loads, (run / "metrics.jsonl").read_text().splitlines()):
    for tag, value in curves_of(row).items():
        expected.setdefault(tag, []).append((row["step"], float(np.float32(value))))

problems = []


def compare(reader, found):
    """`found`: of every tag its (wall time, step, value)."""
    for tag in sorted(set(expected) ^ set(found)):
        problems.append(f"{reader}: the curve {tag} is {'missing' if tag in expected else 'one too many'}")
    for tag in sorted(set(expected) & set(found)):
        points = [(step, float(np.float32(value))) for _, step, value in found[tag]]
        if points != expected[tag]:
            problems.append(f"{reader}: {tag} has {points[:5]}... ({len(points)}), expected {expected[tag][:5]}... ({len(expected[tag])})")
        times = [moment for moment, _, _ in found[tag]]
        if times != sorted(times) or not all(0 < moment <= time.time() for moment in times):
            problems.append(f"{reader}: the times of {tag} run backwards or ahead")
    count = sum(map(len, found.values()))
    print(f"{reader}: {len(found)} curves, {count} numbers")


accumulator = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "tensors": 0})
accumulator.Reload()
tags = accumulator.Tags()["scalars"]
compare("EventAccumulator", {tag: [(e.wall_time, e.step, e.value) for e in accumulator.Scalars(tag)] for tag in tags})

server = subprocess.Popen(
    [sys.executable, "-m", "tensorboard.main", "--logdir", str(run.parent), "--port", "0", "--samples_per_plugin", "scalars=1000000", "--reload_interval", "1"],
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
)
try:
    for line in server.stdout:
        address = re.search(r"(http://\S+)", line)
        if address and "press" in line.lower():
            break
    base = address.group(1).rstrip("/")

    def ask(path, **query):
        with urlopen(f"{base}/data/{path}?{urlencode(query)}") as answer:
            return json.load(answer)

    name = f"{run.name}/tensorboard"
    for _ in range(30):  # it reads the files in the background
        tags = ask("plugin/scalars/tags").get(name, {})
        points = {tag: ask("plugin/scalars/scalars", run=name, tag=tag) for tag in tags}
        if sum(map(len, points.values())) >= sum(map(len, expected.values())):
            break
        time.sleep(1)
    compare("tensorboard's HTTP API", points)
    (recipe,) = ask("plugin/text/text", run=name, tag="recipe")
    if "steps" not in recipe["text"]:
        problems.append("the recipe is not among the texts")
finally:
    server.terminate()
    server.wait()

files = len(list((run / "tensorboard").iterdir()))
print(f"tensorboard {tensorboard.__version__}: {len(problems)} problems in {files} files of events", *problems, sep="\n  ")
sys.exit(1 if problems else 0)
