"""Runs an exported model's ONNX file without Polyvec, and compares with what `polyvec embed` gives.

    npx polyvec export models/emoji-mini --out /tmp/exported --dtype float32 --onnx
    echo '{"id": "a", "text": "happy cat"}' > /tmp/in.jsonl
    npx polyvec embed --model /tmp/exported --input /tmp/in.jsonl --output /tmp/out.jsonl --paths all
    python tools/reference/check_onnx_export.py /tmp/exported /tmp/in.jsonl /tmp/out.jsonl

Needs numpy, onnxruntime and tokenizers. Texts alone, of a model of type qwen2_vl with default prompts: what other languages have to do is short.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

folder, inputs, outputs = map(Path, sys.argv[1:4])
config = json.loads((folder / "config.json").read_text())
prompts = json.loads((folder / "polyvec.json").read_text())["prompts"]
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
session = onnxruntime.InferenceSession(str(folder / "embed-text.onnx"), providers=["CPUExecutionProvider"])

expected = {row["id"]: row for row in map(json.loads, outputs.read_text().splitlines())}
half = config["hidden_size"] // config["num_attention_heads"] // 2
frequencies = config["rope_theta"] ** (-np.arange(half) / half)
worst = 1.0
for row in map(json.loads, inputs.read_text().splitlines()):
    ids = tokenizer.encode(prompts["text"].replace("{text}", row["text"]) + prompts["end"], add_special_tokens=False).ids
    angles = np.arange(len(ids))[None, :, None] * frequencies[None, None, :]
    feeds = {
        "inputIds": np.array([ids], np.int32),
        "cosines": np.cos(angles).astype(np.float32),
        "sines": np.sin(angles).astype(np.float32),
        "lastRows": np.array([len(ids) - 1], np.int32),
    }
    paths, aggregate = session.run(["paths", "aggregate"], feeds)
    wanted = expected[row["id"]]
    pairs = [(aggregate[0], wanted.get("aggregate", wanted.get("embedding")))]
    pairs += list(zip(paths[0], wanted.get("paths") or []))
    worst = min(worst, *(float(np.dot(a, np.array(b, np.float32))) for a, b in pairs))
print(f"least cosine between ONNX Runtime for Python and Polyvec: {worst:.6f}")
sys.exit(0 if worst > 0.9999 else 1)
