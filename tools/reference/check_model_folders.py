"""Checks that the Python libraries read what Polyvec writes: configuration, weights, tokenizer, image processor, LoRA adapter.

Needs torch, transformers, peft and pillow. Run from the repository's root:
  npx tsx tools/reference/write-sample-models.ts runs/sample-models
  python tools/reference/check_model_folders.py runs/sample-models
"""

import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from common.adapters import magnitude_name, plain_name
from common.qwen_vl import old_name
from peft import LoraConfig, PeftModel
from PIL import Image
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil


def check_tokenizer(folder: Path, expected: dict) -> None:
    raw = Tokenizer.from_file(str(folder / "tokenizer.json"))
    auto = AutoTokenizer.from_pretrained(folder)
    for row in expected["texts"]:
        assert raw.encode(row["text"], add_special_tokens=False).ids == row["ids"], row
        assert auto(row["text"], add_special_tokens=False)["input_ids"] == row["ids"], row
    print("  tokenizer:", len(expected["texts"]), "texts equal, class", type(auto).__name__)


def check_images(folder: Path, expected: dict) -> None:
    picture = expected["picture"]
    array = np.array(picture["pixels"], dtype=np.uint8).reshape(picture["height"], picture["width"], 3)
    patches = Qwen2VLImageProcessorPil.from_pretrained(folder)([Image.fromarray(array)], return_tensors="pt")["pixel_values"]
    difference = (patches.flatten() - torch.tensor(picture["patches"])).abs().max().item()
    assert difference < 1e-6, difference
    print("  image processor: patches", tuple(patches.shape), "largest difference", difference)


def check_weights(folder: Path, expected: dict) -> None:
    raw = load_file(folder / "model.safetensors")
    if folder.name == "int8":
        for name, first in expected["weights"].items():
            if name in raw and f"{name}.scale" in raw:
                value = raw[name].flatten()[0].float() * raw[f"{name}.scale"][0]
                assert abs(value.item() - first) < 1e-6, name
        print("  int8 weights: value = byte * scale of its row")
        return
    with TemporaryDirectory() as bare:  # without the adapter, which transformers would load by itself
        shutil.copytree(folder, bare, dirs_exist_ok=True, ignore=shutil.ignore_patterns("adapter_*"))
        model, info = Qwen2VLForConditionalGeneration.from_pretrained(bare, dtype=torch.float32, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    adapted = PeftModel.from_pretrained(model, folder)
    scales = {m.replace("base_model.model.", ""): module.scaling["default"] for m, module in adapted.named_modules() if isinstance(getattr(module, "scaling", None), dict)}
    assert sum("lora_A" in name for name in expected["weights"]) == len(scales), scales
    weights = {magnitude_name(old_name(plain_name(name))): w for name, w in adapted.named_parameters()}
    compared = 0
    for name, first in expected["weights"].items():
        if name.startswith("paths."):
            continue
        assert abs(weights[name].flatten()[0].item() - first) < 1e-6, name
        compared += 1
    assert sum("lora_" in name for name in weights) == sum("lora_" in name for name in expected["weights"])
    print("  weights and adapter:", compared, "tensors loaded by transformers and peft; scales", sorted({round(scale, 4) for scale in scales.values()}))


def check(folder: Path) -> None:
    print(folder)
    expected = json.loads((folder / "expected.json").read_text())
    config = AutoConfig.from_pretrained(folder)
    assert config.model_type == "qwen2_vl" and config.text_config.rope_parameters["mrope_section"]
    print("  config:", type(config).__name__, "hidden", config.text_config.hidden_size, "adapter rank", LoraConfig.from_pretrained(folder).r)
    check_tokenizer(folder, expected)
    check_images(folder, expected)
    check_weights(folder, expected)


if __name__ == "__main__":
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        check(folder)
