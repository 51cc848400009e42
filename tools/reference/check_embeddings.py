"""Compares what Polyvec and the transformers library make of the same lines with the same checkpoint: token ids, hidden states, embeddings.

Run from the repository root, after `npm run build`:
python tools/reference/check_embeddings.py FOLDER [--input in.jsonl] [--backend pil|torchvision] [--polyvec "node dist/cli/main.js"]
(needs torch, torchvision, transformers 5, pillow, safetensors; num2words for SmolVLM)

FOLDER is a checkpoint in the layout of Hugging Face, such as make_random_checkpoints.py writes; lines are {"id", "prompt", "images"}, prompts with
their special tokens written out. The library runs each line by itself, and all of them as a batch that is padded on the left and one that is padded
on the right. Printed are the largest differences, relative to the largest value of the line's tensor. Exits with 1 if ids differ, or, with the
Pillow backend, anything by more than 1e-4.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from common.tensors import last_tokens, unit
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor

TOLERANCE = 1e-4


def open_processor(folder, backend):
    processor = AutoProcessor.from_pretrained(folder)
    processor.image_processor = AutoImageProcessor.from_pretrained(folder, backend=backend)
    return processor


def read_lines(file):
    lines = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    return [(str(line.get("id", row + 1)), line["prompt"], [Image.open(file.parent / name).convert("RGB") for name in line.get("images", [])]) for row, line in enumerate(lines)]


def prepare(processor, lines):
    """The library's inputs. Its processors want a list of pictures for each prompt."""
    pictures = [images for _, _, images in lines]
    images = dict(images=pictures if len(lines) > 1 else pictures[0]) if any(pictures) else {}
    if any(pictures) and type(processor).__name__.startswith(("Idefics3", "SmolVLM")):
        images = dict(images=pictures)
    if any(pictures) and type(processor).__name__.startswith(("LlavaNext", "Qwen")):
        images = dict(images=[image for row in pictures for image in row])
    return processor(text=[prompt for _, prompt, _ in lines], **images, add_special_tokens=False, padding=len(lines) > 1, return_tensors="pt")


@torch.no_grad()
def hidden_states(model, batch):
    """[B, T, D] after the final norm. Positions of padded rows count from the row's first token."""
    arguments = dict(batch)
    if not model.config.model_type.startswith("qwen"):
        arguments["position_ids"] = (batch["attention_mask"].cumsum(-1) - 1).clamp(min=0)
        arguments.pop("mm_token_type_ids", None)
    return model.model(**arguments, use_cache=False, return_dict=True).last_hidden_state.float()


def by_itself(model, processor, lines):
    states = {}
    for line in lines:
        batch = prepare(processor, [line])
        states[line[0]] = (batch["input_ids"][0], hidden_states(model, batch)[0])
    return states


def padded(model, processor, lines, side):
    processor.tokenizer.padding_side = side
    batch = prepare(processor, lines)
    hidden, mask = hidden_states(model, batch), batch["attention_mask"]
    return unit(last_tokens(hidden, mask.shape[1] - mask.flip(1).argmax(1)))


def polyvec(command, folder, file):
    base = [*shlex.split(command), "embed", "--model", str(folder), "--input", str(file), "--paths", "none", "--dtype", "f32"]
    rows = subprocess.run(base, check=True, capture_output=True, text=True).stdout.splitlines()
    with tempfile.TemporaryDirectory() as scratch:
        hidden = Path(scratch) / "hidden.safetensors"
        subprocess.run([*base, "--output", str(hidden)], check=True, capture_output=True)
        return {row["id"]: torch.tensor(row["aggregate"]) for row in map(json.loads, rows)}, load_file(hidden)


def difference(ours, theirs):
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def compare_pixels(folder, lines):
    """The share of pixel values within 1/255 (of the channel with the largest deviation, so that others look up to 6 % larger) and the largest distance, of the library's two backends."""
    pil, other = open_processor(folder, "pil"), open_processor(folder, "torchvision")
    distances = []
    for line in lines:
        if line[2]:
            first, second = prepare(pil, [line])["pixel_values"], prepare(other, [line])["pixel_values"]
            if first.shape != second.shape:
                return None
            distances.append(((first - second).abs() * max(pil.image_processor.image_std) * 255).flatten())
    distances = torch.cat(distances)
    return (distances < 1.06).float().mean().item(), distances.max().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--input", type=Path)
    parser.add_argument("--backend", choices=["pil", "torchvision"], default="pil")
    parser.add_argument("--polyvec", default="node dist/cli/main.js")
    parser.add_argument("--pixels", action="store_true", help="also compare the library's two backends")
    options = parser.parse_args()
    file = options.input or options.folder / "in.jsonl"
    lines = read_lines(file)
    processor = open_processor(options.folder, options.backend)
    model = AutoModelForImageTextToText.from_pretrained(options.folder, dtype=torch.float32, attn_implementation="eager").eval()
    vectors, hidden = polyvec(options.polyvec, options.folder, file)
    reference = by_itself(model, processor, lines)
    wrong = [id for id, (ids, _) in reference.items() if hidden[f"{id}.input_ids"].tolist() != ids.tolist()]
    same = [id for id in reference if id not in wrong]
    found = dict(hidden=max(difference(hidden[id], reference[id][1]) for id in same))
    found["embeddings"] = max(difference(vectors[id], unit(reference[id][1][-1])) for id in same)
    for side in ("left", "right"):
        batch = padded(model, processor, lines, side)
        found[f"embeddings, padded {side}"] = max(difference(vectors[id], batch[row]) for row, (id, _, _) in enumerate(lines) if id in same)
    print(f"{options.folder.name} ({model.config.model_type}, {options.backend}): {len(lines)} lines, ids differ in {wrong or 'none'}; " + ", ".join(f"{name} {value:.1e}" for name, value in found.items()))
    if options.pixels:
        compared = compare_pixels(options.folder, lines)
        print("  the two backends make other sizes" if compared is None else f"  pixels of the two backends: {compared[0]:.4%} within 1/255, largest {compared[1]:.1f}/255")
    sys.exit(1 if wrong or (options.backend == "pil" and max(found.values()) > TOLERANCE) else 0)


if __name__ == "__main__":
    main()
