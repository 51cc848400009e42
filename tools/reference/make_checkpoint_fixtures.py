"""Writes test/fixtures/checkpoints/<kind>/: small checkpoints of random weights, lines to embed, and what the transformers library makes of them.

Run from the repository root: python tools/reference/make_checkpoint_fixtures.py
(needs torch, torchvision, transformers 5, tokenizers, peft, num2words, pillow, safetensors)

The folders are those of make_random_checkpoints.py, in bfloat16; expected.safetensors holds, computed in float32:
  <id>, <id>.input_ids        final hidden states [T, D] of a line run by itself, and its token ids [T] int32
  embeddings                  [lines, D], of unit length: each line's last token
  embeddings.left, .right     the same of all lines as one batch, padded on the left and on the right
  embeddings.torchvision      the same of lines by themselves, pictures resized by torchvision and not by Pillow
  embeddings.adapter, .merged the same with the adapter in adapter/, as PEFT saves it: beside the weights, and merged into them
  pixels                      [2] float32, of the two ways to resize: the share of pixel values that are within 1/255, and the largest distance in 1/255
"""

import json
from pathlib import Path

import torch
from check_embeddings import by_itself, compare_pixels, open_processor, padded, read_lines
from common.adapters import write_random_adapter
from common.files import remove
from common.tensors import unit
from make_random_checkpoints import KINDS, write_checkpoint
from safetensors.torch import save_file
from transformers import AutoModelForImageTextToText

OUT = Path("test/fixtures/checkpoints")

# (width, height) of the pictures of each line.
PICTURES = [[], [(64, 64)], [(120, 50)], [(21, 110)], [(1, 1)], [(150, 100)], [(130, 10), (45, 61)], [(56, 56), (70, 45), (33, 59)], []]


def stack(states):
    return unit(torch.stack([hidden[-1] for _, hidden in states.values()]))


def run_adapter(model, processor, lines, folder, rank_stabilised):
    lora = dict(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=rank_stabilised)
    adapted = write_random_adapter(model, lora, folder / "adapter", scale=0.5)  # as large as weights, some lines lose a digit in float32, in the library too
    beside = stack(by_itself(model, processor, lines))
    return {"embeddings.adapter": beside, "embeddings.merged": stack(by_itself(adapted.merge_and_unload(), processor, lines))}


def main():
    for at, kind in enumerate(KINDS):
        folder = OUT / kind
        write_checkpoint(folder, kind, seed=2, dtype="bfloat16", shard="200KB", pictures=PICTURES)
        remove(folder, "generation_config.json", "chat_template.jinja")
        model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        lines = read_lines(folder / "in.jsonl")
        pil, torchvision = open_processor(folder, "pil"), open_processor(folder, "torchvision")
        states = by_itself(model, pil, lines)
        tensors = {id: hidden for id, (_, hidden) in states.items()}
        tensors |= {f"{id}.input_ids": ids.int() for id, (ids, _) in states.items()}
        tensors["embeddings"] = stack(states)
        for side in ("left", "right"):
            tensors[f"embeddings.{side}"] = padded(model, pil, lines, side)
        tensors["embeddings.torchvision"] = stack(by_itself(model, torchvision, lines))
        tensors["pixels"] = torch.tensor(compare_pixels(folder, lines))
        tensors |= run_adapter(model, pil, lines, folder, at % 2 == 1)
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "expected.safetensors")
        print(kind, json.dumps({name: value.tolist() for name, value in tensors.items() if name == "pixels"}))


if __name__ == "__main__":
    main()
