"""Writes test/fixtures/idefics3/: tiny random Idefics3 and SmolVLM models and what the transformers library computes with them.

Run from the repository root: python tools/reference/make_idefics3_fixtures.py  (needs torch, transformers 5, tokenizers, peft, safetensors, pillow)

small/ (idefics3) and odd/ (smolvlm) are whole checkpoint folders: config.json and model.safetensors as the library saves them, tokenizer.json,
the image processor inside processor_config.json (small) or as preprocessor_config.json (odd), adapter/ as PEFT saves it; and expected.safetensors:
  inputs.<case>.*      input_ids [B, T], lengths [B]; levels [tiles, 3, S, S]: the bytes that the pixel values were made from
  expected.<case>.*    hidden [B, T, D] (after the final norm), image_features [tiles, tokens, D], logits
  and what common/paths.py says
  expected.checkpoint.*  ids and embeddings of inputs as this project lays them out

cases.json: the prompts of the cases, with the (width, height) of their images. prompts.json: token ids of the library's processor. tiles.safetensors and tiles.json: what its image processor (the Pillow backend) makes of pictures.
layouts.json: sizes and tiles of pictures. positions.json: positions of a tile's patches. sizes.json: numbers of weights of the published models.
Pictures come from common/pictures.py.
"""

from pathlib import Path

import numpy as np
import torch
from common.adapters import base_of
from common.files import shorten, write_json, write_model, write_rows
from common.paths import PathCase, lengths_of, run_paths, run_prefixed, text_positions
from common.pictures import whole_number_waves
from common.random_weights import random_model
from common.smollm_tokenizer import end_tokens_of, make_tokenizer
from common.tensors import count_weights, put, to_levels, unit
from PIL import Image
from safetensors.torch import save_file
from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor, SmolVLMConfig, SmolVLMForConditionalGeneration
from transformers.image_utils import SizeDict
from transformers.models.idefics3.configuration_idefics3 import Idefics3VisionConfig
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil, get_resize_output_image_size
from transformers.models.idefics3.modeling_idefics3 import Idefics3VisionEmbeddings
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

OUT = Path("test/fixtures/idefics3")

MODELS = {
    "small": {
        "kind": (Idefics3Config, Idefics3ForConditionalGeneration, Idefics3ImageProcessorPil),
        "text": dict(model_type="llama", hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                     rms_norm_eps=1e-5, max_position_embeddings=512, rope_parameters=dict(rope_type="default", rope_theta=1e5)),
        "vision": dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=4),
        "scale_factor": 2,
        "images": dict(size=dict(longest_edge=48), max_image_size=dict(longest_edge=16)),
        "tied": False,
        "places_are_tokens": True,
        "lora": dict(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj"]),
    },
    # Tiles of 9 patches and a pixel that is left over, over 19 learned positions; whose rounding is rough.
    "odd": {
        "kind": (SmolVLMConfig, SmolVLMForConditionalGeneration, SmolVLMImageProcessorPil),
        "text": dict(model_type="llama", hidden_size=36, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
                     head_dim=8, rms_norm_eps=1e-3, max_position_embeddings=1024, rope_parameters=dict(rope_type="default", rope_theta=1e2)),
        "vision": dict(hidden_size=12, intermediate_size=20, num_hidden_layers=1, num_attention_heads=3, image_size=57, patch_size=3,
                       hidden_act="gelu", layer_norm_eps=1e-3),
        "scale_factor": 3,
        "images": dict(size=dict(longest_edge=50), max_image_size=dict(longest_edge=28), image_mean=[0.4, 0.5, 0.6], image_std=[0.25, 0.5, 0.2]),
        "tied": True,
        "places_are_tokens": False,
        "lora": dict(r=2, lora_alpha=3, use_rslora=True, target_modules=["k_proj", "out_proj", "down_proj", "proj", "fc1"]),
    },
}  # fmt: skip

# Prompts with the (width, height) of their images.
CASES = {
    "text": [("find the red cat", [])],
    "image": [("what is it?<image> a cat", [(40, 30)])],
    "several": [("<image>\n<image> find<image>the", [(10, 31), (64, 64), (3, 200)])],
    "mixed": [("a<image> b<image>c", [(25, 50), (60, 12)]), ("red", []), ("<image>the long one, longer than the others", [(7, 7)])],
}


def make_model(spec, tokenizer):
    configuration, kind, _ = spec["kind"]
    config = configuration(
        text_config=spec["text"] | end_tokens_of(tokenizer) | dict(vocab_size=len(tokenizer) + 3, tie_word_embeddings=spec["tied"]),
        vision_config=spec["vision"],
        scale_factor=spec["scale_factor"],
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        tie_word_embeddings=spec["tied"],
    )
    return random_model(kind, config)


def make_processor(spec, model, tokenizer):
    """Idefics3's for both kinds: SmolVLM's wants packages for videos. What it does with images is the same, which is checked."""
    images = spec["kind"][2](**spec["images"])
    tile, patch = images.max_image_size["longest_edge"], model.config.vision_config.patch_size
    tokens = (tile // patch // model.config.scale_factor) ** 2
    processor = Idefics3Processor(images, tokenizer, image_seq_len=tokens)
    for rows, columns in [(0, 0), (2, 3)]:
        arguments = dict(fake_token_around_image="<fake_token_around_image>", image_token="<image>", global_image_token="<global-img>")
        ours = processor.replace_image_token(dict(rows=[[rows]], cols=[[columns]]), 0)
        assert get_image_prompt_string(rows, columns, tokens, **arguments) == ours
    return processor


def make_batch(processor, prompts):
    """The library's inputs; images of (width, height), counted over the batch."""
    seeds = iter(range(100))
    images = [[Image.fromarray(whole_number_waves(*size, next(seeds))) for size in sizes] for _, sizes in prompts]
    has_images = any(images)
    if not has_images:
        images = None
    batch = processor(text=[text for text, _ in prompts], images=images, padding=True, return_tensors="pt", add_special_tokens=False)
    return {name: batch[name] for name in ["input_ids", "attention_mask", "pixel_values", "pixel_attention_mask"] if name in batch}


def final_hidden(model, batch, prefixes=None):
    """[B, T, D], see `run_prefixed`."""
    return run_prefixed(model, batch | dict(position_ids=text_positions(batch)), prefixes)


def real_tiles(batch):
    """[tiles, 3, S, S]: without those that fill up inputs of fewer."""
    tiles = batch["pixel_values"].flatten(0, 1)
    return tiles[batch["pixel_attention_mask"].flatten(0, 1).flatten(1).any(1)]


def levels_of(tiles, images):
    return to_levels(tiles, images.image_mean, images.image_std, tolerance=1e-3)


@torch.no_grad()
def run_case(model, processor, case, tensors):
    batch = make_batch(processor, CASES[case])
    put(tensors, f"inputs.{case}", input_ids=batch["input_ids"], lengths=lengths_of(batch))
    hidden = final_hidden(model, batch)
    put(tensors, f"expected.{case}", hidden=hidden)
    if case == "text":
        put(tensors, f"expected.{case}", logits=model.lm_head(hidden))
    if "pixel_values" in batch:
        put(tensors, f"inputs.{case}", levels=levels_of(real_tiles(batch), processor.image_processor))
        features = base_of(model).get_image_features(batch["pixel_values"], batch["pixel_attention_mask"]).pooler_output
        put(tensors, f"expected.{case}", image_features=torch.cat(features))
    return batch


# What is embedded with the whole checkpoint: text, and the (width, height) of its image.
INPUTS = {"text": ("a red cat", None), "image_and_text": ("what is it?", (30, 20)), "image": ("", (33, 50))}


@torch.no_grad()
def run_checkpoint(model, processor, tensors):
    for name, (text, size) in INPUTS.items():
        start, end = "<|im_start|>User:", "<end_of_utterance>"
        prompt = f"{start}{'<image>' if size else ''}{text}{end}"
        batch = make_batch(processor, [(prompt, [size] if size else [])])
        pieces = [processor.tokenizer(piece, add_special_tokens=False)["input_ids"] for piece in (start, text, end)]
        if size is None:
            assert batch["input_ids"][0].tolist() == sum(pieces, []), "the parts are tokenised by themselves"
        hidden = final_hidden(model, batch)
        put(tensors, "expected.checkpoint", **{name: unit(hidden[0, -1]), f"{name}.ids": batch["input_ids"][0]})


# Settings of image processors, and the (width, height) of pictures. `every` takes only some of the pixels of large ones.
TILES = {
    "tiny": (dict(size=dict(longest_edge=64), max_image_size=dict(longest_edge=16)), [(1, 1), (5, 3), (64, 64), (97, 23), (20, 131), (3, 200), (300, 200)], 5),
    "not_whole": (dict(size=dict(longest_edge=50), max_image_size=dict(longest_edge=28)), [(33, 57), (90, 10), (50, 50)], 1),
    "one": (dict(size=dict(longest_edge=24), max_image_size=dict(longest_edge=24)), [(40, 30), (24, 24), (7, 90)], 1),
    "unsplit": (dict(size=dict(longest_edge=60), max_image_size=dict(longest_edge=24), do_image_splitting=False), [(70, 30), (9, 9), (31, 150)], 1),
    "unresized": (dict(do_resize=False, max_image_size=dict(longest_edge=20)), [(20, 20), (15, 10), (45, 21), (10, 61)], 1),
    "bicubic": (dict(size=dict(longest_edge=48), max_image_size=dict(longest_edge=16), resample=3), [(31, 47), (100, 80)], 1),
    "raw": (dict(size=dict(longest_edge=32), max_image_size=dict(longest_edge=16), do_rescale=False, do_normalize=False), [(31, 17)], 1),
    "smolvlm_256m": (dict(size=dict(longest_edge=2048), max_image_size=dict(longest_edge=512)), [(640, 480), (300, 1300), (2500, 900), (72, 72)], 9973),
    "smolvlm_2b": (dict(size=dict(longest_edge=1536), max_image_size=dict(longest_edge=384)), [(640, 480), (384, 384)], 9973),
}  # fmt: skip


def make_tiles():
    tensors, cases = {}, []
    for name, (settings, sizes, every) in TILES.items():
        images = Idefics3ImageProcessorPil(**settings)
        for seed, (width, height) in enumerate(sizes):
            result = images([Image.fromarray(whole_number_waves(width, height, seed))], return_tensors="pt", return_row_col_info=True)
            tiles = result["pixel_values"][0]
            key = f"{name}.{width}x{height}"
            scale = 255 if images.do_rescale else 1
            levels = tiles.to(torch.uint8) if scale == 1 else levels_of(tiles, images)
            tensors[key] = levels.flatten()[::every].contiguous()
            cases.append(dict(name=key, settings=settings, width=width, height=height, seed=seed, every=every, tiles=len(tiles), rows=result["rows"][0][0], columns=result["cols"][0][0]))
    save_file(tensors, OUT / "tiles.safetensors")
    write_rows(OUT / "tiles.json", cases)


class Sizes(Idefics3ImageProcessorPil):
    """Resizes nothing, and notes to what."""

    def resize(self, image, size, resample=None, **kwargs):
        to = get_resize_output_image_size(image, size.longest_edge) if size.longest_edge else (size.height, size.width)
        return np.broadcast_to(np.uint8(0), (3, *to))


def make_layouts():
    """[longest_edge, max_image_size, width, height, then the sizes after the first and the second step, rows, columns]"""
    random = np.random.default_rng(1)
    processor, lines = Sizes(), []
    for longest, tile in [(2048, 512), (1456, 364), (1536, 384), (50, 28), (97, 31), (6000, 1000), (20, 64)]:
        for width, height in [(1, 1), (1, 3000), (3000, 1), (2, 4096), (512, 512), (513, 512), (4097, 4096), *random.integers(1, 3000, (25, 2)).tolist()]:
            first = processor.resize(np.broadcast_to(np.uint8(0), (3, height, width)), SizeDict(longest_edge=longest))
            second = processor.resize_for_vision_encoder(first, tile)
            _, rows, columns = processor.split_images(second, dict(longest_edge=tile))
            lines.append([longest, tile, width, height, *first.shape[:0:-1], *second.shape[:0:-1], rows, columns])
    write_rows(OUT / "layouts.json", lines)


def make_positions():
    """[positions on a side, patches on a side, the position of each patch along the side]"""
    lines = []
    for places, count in [(1, 3), (4, 4), (7, 20), (8, 12), (19, 9), (19, 19), (25, 25), (26, 26), (27, 27), (29, 29), (31, 31), (32, 16), (32, 32), (41, 41), (61, 61)]:
        embeddings = Idefics3VisionEmbeddings(Idefics3VisionConfig(hidden_size=1, image_size=places, patch_size=1))
        seen = {}
        embeddings.position_embedding.register_forward_pre_hook(lambda _, arguments: seen.update(ids=arguments[0]))
        embeddings(torch.zeros(1, 3, count, count), torch.ones(1, count, count, dtype=torch.bool))
        ids = seen["ids"].reshape(count, count)
        along = ids[0].tolist()
        assert (ids == ids[:1] + torch.tensor(along)[:, None] * places).all()
        lines.append([places, count, along])
    write_rows(OUT / "positions.json", lines)


# Prompts with the (width, height) of their images.
PROMPTS = [
    ("a red cat", []),
    ("<image>", [(1, 1)]),
    ("<|im_start|>User:<image>\nWhat is shown?<end_of_utterance>\nAssistant:", [(20, 30)]),
    ("<|im_start|>User: <image>\n\n<image> find the same<image>\n", [(16, 16), (100, 9), (9, 100)]),
    ("日本 café<image> 😀\n", [(300, 200)]),
]
PROMPT_SETTINGS = {
    "split": {},
    "unsplit": dict(do_image_splitting=False),
    "one": dict(size=dict(longest_edge=16)),
}


def make_prompts():
    lines = []
    for name, spec in MODELS.items():
        tokenizer = make_tokenizer(spec["places_are_tokens"])
        for settings, changed in PROMPT_SETTINGS.items():
            processor = make_processor(spec | dict(images=spec["images"] | changed), make_model(spec, tokenizer), tokenizer)
            for text, sizes in PROMPTS:
                ids = make_batch(processor, [(text, sizes)])["input_ids"][0].tolist()
                lines.append(dict(model=name, settings=changed, prompt=text, images=sizes, ids=shorten(ids, tokenizer.convert_tokens_to_ids("<image>"))))
    write_rows(OUT / "prompts.json", lines, ensure_ascii=False)


# What the published configurations say of their parts.
PUBLISHED = {
    "smolvlm-256m": (4, dict(vocab_size=49280, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, head_dim=64),
                     dict(hidden_size=768, image_size=512, patch_size=16, num_attention_heads=12)),
    "smolvlm-500m": (4, dict(vocab_size=49280, hidden_size=960, intermediate_size=2560, num_hidden_layers=32, num_attention_heads=15, num_key_value_heads=5, head_dim=64),
                     dict(hidden_size=768, image_size=512, patch_size=16, num_attention_heads=12)),
    "smolvlm-2.2b": (3, dict(vocab_size=49155, hidden_size=2048, intermediate_size=8192, num_hidden_layers=24, num_attention_heads=32, num_key_value_heads=32, head_dim=64),
                     dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=27, image_size=384, patch_size=14, num_attention_heads=16)),
}  # fmt: skip


def make_sizes():
    """Numbers of weights."""
    sizes = {}
    for name, (scale, text, vision) in PUBLISHED.items():
        with torch.device("meta"):
            model = Idefics3ForConditionalGeneration(Idefics3Config(text_config=dict(model_type="llama", **text), vision_config=vision, scale_factor=scale))
        parts = dict(all=model, vision=model.model.vision_model, connector=model.model.connector, decoder=model.model.text_model, head=model.lm_head)
        sizes[name] = {part: count_weights(module) for part, module in parts.items()}
    write_json(OUT / "sizes.json", sizes, indent=2)


def main():
    for name, spec in MODELS.items():
        folder = OUT / name
        tokenizer = make_tokenizer(spec["places_are_tokens"])
        model = make_model(spec, tokenizer)
        processor = make_processor(spec, model, tokenizer)
        write_model(model, folder)
        if name == "small":
            processor.save_pretrained(folder)
        else:
            processor.image_processor.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        tensors = {}
        batches = {case: run_case(model, processor, case, tensors) for case in CASES}
        run_checkpoint(model, processor, tensors)
        run_paths(model, PathCase(batches["mixed"], final_hidden, spec["lora"]), folder, tensors)
        save_file(tensors, folder / "expected.safetensors")
    write_json(OUT / "cases.json", CASES, indent=1)
    make_prompts()
    make_tiles()
    make_layouts()
    make_positions()
    make_sizes()


if __name__ == "__main__":
    main()
