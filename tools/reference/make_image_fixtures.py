"""Makes test/fixtures/images: pictures and the patches that the reference image processor makes of them.

Needs torch, transformers, pillow, numpy and safetensors. Run from the repository's root: python tools/reference/make_image_fixtures.py
The Pillow backend of Qwen2VLImageProcessor is the reference (called "slow" before transformers 5).
"""

from pathlib import Path

import numpy as np
import torch
from common.files import write_json, write_rows
from common.pictures import waves_and_noise
from common.tensors import pad_rows, to_levels
from PIL import Image
from safetensors.torch import save_file
from transformers import Qwen2VLConfig
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VLModel

FOLDER = Path("test/fixtures/images")

# name: (width, height, options of the processor)
SMALL = dict(patch_size=8, temporal_patch_size=2, merge_size=2, min_pixels=32 * 32, max_pixels=96 * 96)
CASES = {
    "exact": [(64, 32, SMALL)],
    "exact_several": [(32, 48, SMALL), (96, 32, SMALL), (16, 64, SMALL)],
    "published": [(84, 56, {})],
    "temporal": [(32, 32, dict(SMALL, patch_size=4, temporal_patch_size=3, merge_size=4))],
    "rounded": [(70, 45, SMALL), (37, 61, SMALL)],
    "shrunk": [(211, 123, SMALL), (60, 133, SMALL)],
    "enlarged": [(9, 13, SMALL), (1, 40, SMALL)],
}


# pixel_values of the others are stored as the bytes they came from, to keep the files small
KEPT_WHOLE = ["exact", "temporal"]


def levels_of(pixel_values: torch.Tensor) -> torch.Tensor:
    """Patches are [channel, rest]."""
    processor = Qwen2VLImageProcessorPil()
    return to_levels(pixel_values.reshape(len(pixel_values), 3, -1), processor.image_mean, processor.image_std).reshape(pixel_values.shape)


def make_patches() -> None:
    tensors, cases = {}, []
    for name, pictures in CASES.items():
        options = pictures[0][2]
        arrays = [waves_and_noise(width, height, seed) for seed, (width, height, _) in enumerate(pictures)]
        result = Qwen2VLImageProcessorPil(**options)([Image.fromarray(array) for array in arrays], return_tensors="pt")
        for index, array in enumerate(arrays):
            tensors[f"{name}.picture{index}"] = torch.from_numpy(array)
        tensors[f"{name}.levels"] = levels_of(result["pixel_values"])
        if name in KEPT_WHOLE:
            tensors[f"{name}.pixel_values"] = result["pixel_values"]
        cases.append(
            {"name": name, "pictures": [list(p[:2]) for p in pictures], "options": options, "grid": result["image_grid_thw"].tolist()}
        )
    save_file(tensors, FOLDER / "patches.safetensors")
    write_json(FOLDER / "cases.json", cases, indent=1)


def make_sizes() -> None:
    random = np.random.default_rng(1)
    rows = []
    for factor, low, high in [(28, 56 * 56, 28 * 28 * 1280), (16, 32 * 32, 96 * 96), (28, 256 * 784, 1280 * 784)]:
        for width, height in [(1, 1), (1, 200), (14, 14), (42, 42), (70, 70), (98, 126), (20000, 100), *random.integers(1, 3000, (40, 2)).tolist()]:
            try:
                resized = smart_resize(height, width, factor, low, high)
            except ValueError:
                continue
            rows.append([factor, low, high, width, height, resized[1], resized[0]])
    write_rows(FOLDER / "sizes.json", rows)


def make_positions() -> None:
    """Multimodal rotary positions of get_rope_index, for rows of text with images, padded on the right."""
    image, start, end = 5, 3, 4
    config = Qwen2VLConfig(
        text_config=dict(
            vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, pad_token_id=0
        ),
        vision_config=dict(depth=1, embed_dim=16, num_heads=2, hidden_size=16, spatial_merge_size=2),
        image_token_id=image,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    model = Qwen2VLModel(config)
    rows = [
        ([], 5),
        ([(4, 6)], 3),
        ([(2, 2), (8, 4)], 7),
        ([(6, 2)], 0),
    ]
    ids, grids = [], []
    for images, text in rows:
        row = [10]
        for height, width in images:
            grids.append([1, height, width])
            row += [start] + [image] * (height * width // 4) + [end, 11]
        ids.append(row + list(range(20, 20 + text)))
    padded, mask = pad_rows(ids, 0)
    positions, _ = model.get_rope_index(padded, (padded == image).int(), torch.tensor(grids), attention_mask=mask)
    value = {"ids": padded.tolist(), "lengths": [len(row) for row in ids], "grids": [g[1:] for g in grids], "positions": positions.tolist()}
    write_json(FOLDER / "positions.json", value)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_patches()
    make_sizes()
    make_positions()
