"""Writes test/fixtures/llava-next/: tiny random LLaVA-NeXT models and what the transformers library computes with them.

Run from the repository root: python tools/reference/make_llava_next_fixtures.py  (needs torch, transformers 5, tokenizers, peft, safetensors, pillow)

<model>/: config.json and model.safetensors as the library saves them, adapter/ as PEFT saves it, and expected.safetensors:
  inputs.<case>.*      input_ids [B, T], lengths [B], image_sizes [images, 2] (height, width), tiles [tiles, 3, S, S] float32, made at random
  expected.<case>.*    hidden [B, T, D] (after the final norm), image_features; with `base_only` images have no tile but the base image, which the
                       library does not know: its tower, projector and decoder are run one after another
  and what common/paths.py says

small/ is a whole checkpoint folder: also tokenizer.json and processor_config.json, with embeddings of inputs in expected.safetensors.
prompts.json and pixels.safetensors: token ids and pixel values of the library's processor (its Pillow backend).
sizes.json: numbers of weights of the published models.
"""

from pathlib import Path

import torch
from common.files import shorten, write_json, write_model, write_rows
from common.llama_tokenizer import BOS, EOS, IMAGE, VOCABULARY, make_tokenizer
from common.paths import PathCase, lengths_of, run_paths, run_prefixed, text_positions
from common.pictures import whole_number_waves
from common.random_weights import random_model
from common.tensors import count_weights, pad_rows, put, unit
from PIL import Image
from safetensors.torch import save_file
from transformers import LlavaNextConfig, LlavaNextForConditionalGeneration, LlavaNextProcessor
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil

OUT = Path("test/fixtures/llava-next")

MODELS = {
    "small": {
        "text": dict(model_type="mistral", hidden_size=32, intermediate_size=40, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                     rms_norm_eps=1e-6, sliding_window=None, max_position_embeddings=512,
                     rope_parameters=dict(rope_type="default", rope_theta=1e6)),
        "vision": dict(model_type="clip_vision_model", hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2,
                       image_size=12, patch_size=3),
        "root": dict(image_grid_pinpoints=[[12, 24], [24, 12], [24, 24], [36, 12], [12, 36]], vision_feature_layer=-2),
        "lora": dict(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj"]),
        # Each input: numbers are words, pairs are images of (height, width) pixels.
        "cases": {
            "text": [[BOS, 7, 3, 9, 9, 20, 1, 33]],
            "image": [[5, (20, 31), 8, 2, 30]],
            "several": [[BOS, (11, 40), 4, (12, 12), 1, 17, (200, 20), 6]],
            "mixed": [[BOS, 3, (10, 24), 11, (30, 13), 9, 4], [21, 8], [(3, 3), 14, 2, 40, 41, 42, 43, 44, 12, 13, 15, 19], [2, 6, (24, 23)]],
            "base_only": [[BOS, 3, (10, 24), 11, (30, 13), 9, 4], [21, 8], [(3, 3), 14, 2, 40, 41]],
        },
    },
    "odd": {
        "text": dict(model_type="llama", hidden_size=36, intermediate_size=32, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
                     head_dim=8, rms_norm_eps=1e-3, max_position_embeddings=256,
                     rope_parameters=dict(rope_type="default", rope_theta=1e2)),
        "vision": dict(model_type="clip_vision_model", hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3,
                       image_size=10, patch_size=5, hidden_act="gelu", layer_norm_eps=1e-3),
        "root": dict(image_grid_pinpoints=[[10, 20], [20, 20], [30, 10], [10, 40]], vision_feature_layer=-1, multimodal_projector_bias=False,
                     projector_hidden_act="gelu_pytorch_tanh", tie_word_embeddings=True),
        "lora": dict(r=2, lora_alpha=3, use_rslora=True, target_modules=["k_proj", "out_proj", "down_proj", "fc1"]),
        "cases": {
            "text": [[7, 3, 9, 9, 20, 1, 33]],
            "image": [[5, (7, 31), 8, 2, 30]],
            "several": [[(40, 10), 4, (10, 45), 17, 6]],
            "mixed": [[3, (20, 20), 11, (5, 6), 9, 4], [21, 8], [(50, 20), 14, 2, 40, 41]],
            "base_only": [[3, (20, 20), 11, (5, 6), 9, 4], [21, 8]],
        },
    },
}  # fmt: skip


def tiny_model(spec):
    text = spec["text"] | dict(vocab_size=VOCABULARY, bos_token_id=BOS, eos_token_id=EOS)
    if spec["root"].get("tie_word_embeddings"):
        text["tie_word_embeddings"] = True
    config = LlavaNextConfig(text_config=text, vision_config=spec["vision"], image_token_index=IMAGE, **spec["root"])
    return random_model(LlavaNextForConditionalGeneration, config)


def tile_counts(model, sizes):
    """How many tiles the library makes of images of the given sizes, the base image among them."""
    size = model.config.vision_config.image_size
    processor = LlavaNextImageProcessorPil(
        size=dict(shortest_edge=size), crop_size=dict(height=size, width=size), image_grid_pinpoints=model.config.image_grid_pinpoints, do_pad=False
    )
    return [len(processor(Image.new("RGB", (width, height)), return_tensors="np").pixel_values[0]) for height, width in sizes]


def make_batch(model, parts_of_inputs, base_only=False):
    """The library's inputs; with `base_only`, `features` for the places of the images, too."""
    vision = model.config.vision_config
    sizes = [part for parts in parts_of_inputs for part in parts if isinstance(part, tuple)]
    counts = [1] * len(sizes) if base_only else tile_counts(model, sizes)
    batch, tokens = {}, []
    if sizes:
        tiles = torch.zeros(len(sizes), max(counts), 3, vision.image_size, vision.image_size)
        for image, count in zip(tiles, counts):
            image[:count] = torch.randint(-255, 256, image[:count].shape) / 128
        batch = dict(pixel_values=tiles, image_sizes=torch.tensor(sizes))
        features = base_features(model, tiles) if base_only else model.model.get_image_features(tiles, batch["image_sizes"]).pooler_output
        tokens = [len(feature) for feature in features]
        if base_only:
            batch = dict(features=torch.cat(list(features)), **batch)
    rows = []
    for parts in parts_of_inputs:
        rows.append([id for part in parts for id in ([IMAGE] * tokens.pop(0) if isinstance(part, tuple) else [part])])
    batch["input_ids"], batch["attention_mask"] = pad_rows(rows, EOS)
    return batch, counts


def base_features(model, tiles):
    """[images, patches, D]: the features of base images alone."""
    states = model.model.vision_tower(tiles[:, 0], output_hidden_states=True).hidden_states[model.config.vision_feature_layer]
    return model.model.multi_modal_projector(states[:, 1:])


def final_hidden(model, batch, prefixes=None):
    """[B, T, D], see `run_prefixed`."""
    arguments = batch | dict(position_ids=text_positions(batch))
    if "features" in arguments:
        ids, features = arguments.pop("input_ids"), arguments.pop("features")
        words = model.get_input_embeddings()(ids)
        arguments["inputs_embeds"] = words.masked_scatter((ids == IMAGE)[..., None], features)
        del arguments["pixel_values"], arguments["image_sizes"]
    return run_prefixed(model, arguments, prefixes)


@torch.no_grad()
def run_case(model, case, parts, tensors):
    batch, counts = make_batch(model, parts, base_only=case == "base_only")
    put(tensors, f"inputs.{case}", input_ids=batch["input_ids"], lengths=lengths_of(batch))
    put(tensors, f"expected.{case}", hidden=final_hidden(model, batch))
    if counts:
        tiles = torch.cat([image[:count] for image, count in zip(batch["pixel_values"], counts)])
        features = batch.get("features")
        if features is None:
            features = torch.cat(model.model.get_image_features(batch["pixel_values"], batch["image_sizes"]).pooler_output)
        put(tensors, f"inputs.{case}", image_sizes=batch["image_sizes"], tiles=tiles)
        put(tensors, f"expected.{case}", image_features=features)
    return batch


def checkpoint_name(name):
    """The name that published checkpoints use."""
    return name.removeprefix("model.").replace("vision_tower.", "vision_tower.vision_model.", 1).replace("language_model.", "language_model.model.", 1)


def make_processor(config):
    size = config.vision_config.image_size
    images = LlavaNextImageProcessorPil(
        size=dict(shortest_edge=size), crop_size=dict(height=size, width=size), image_grid_pinpoints=config.image_grid_pinpoints
    )
    return LlavaNextProcessor(
        images, make_tokenizer(), patch_size=config.vision_config.patch_size, vision_feature_select_strategy="default", num_additional_image_tokens=1
    )


def picture(width, height, seed):
    return Image.fromarray(whole_number_waves(width, height, seed))


# Prompts with the (width, height) of their images. The library puts <s> before each.
PROMPTS = [
    ("a red apple", []),
    ("<image> Represent the given image with the following question: What is in the image", [(30, 20)]),
    ("[INST] <image>\nWhat is shown? [/INST]", [(20, 30)]),
    ("USER: <image>\n<image> find the same object ASSISTANT:", [(12, 12), (100, 9)]),
    ("<image>", [(1, 1)]),
    ("<image>日本 café<image> 😀", [(9, 100), (1, 40)]),
    ("<image><image><image>a", [(24, 24), (300, 200), (25, 24)]),
]

# (width, height) of pictures whose pixels are compared, all of them with tiles of 12 pixels, some of them with the published tiles of 336.
TINY_SIZES = [(12, 12), (24, 24), (20, 30), (31, 17), (5, 3), (1, 1), (7, 90), (150, 11), (300, 200), (1, 60)]
REAL_SIZES = [(336, 336), (640, 480), (480, 641), (40, 30), (300, 1300), (1500, 900)]
REAL_PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
SAMPLE = 997


def make_processor_fixtures(processor):
    prompts = []
    for text, sizes in PROMPTS:
        images = [picture(*size, seed) for seed, size in enumerate(sizes)]
        ids = processor(images=images or None, text=text)["input_ids"][0]
        prompts.append(dict(prompt=f"<s>{text}", images=sizes, ids=shorten(ids, IMAGE)))
    write_rows(OUT / "prompts.json", prompts)
    tensors = {}
    for seed, (width, height) in enumerate(TINY_SIZES):
        pixels = processor.image_processor(picture(width, height, seed), do_pad=False, return_tensors="pt").pixel_values[0]
        tensors[f"tiny.{width}x{height}"] = pixels.float().contiguous()
    real = LlavaNextImageProcessorPil(size=dict(shortest_edge=336), crop_size=dict(height=336, width=336), image_grid_pinpoints=REAL_PINPOINTS)
    for seed, (width, height) in enumerate(REAL_SIZES):
        pixels = real(picture(width, height, seed), do_pad=False, return_tensors="pt").pixel_values[0]
        tensors[f"real.{width}x{height}"] = pixels.float().flatten()[::SAMPLE].contiguous()
        tensors[f"real.{width}x{height}.tiles"] = torch.tensor([len(pixels)], dtype=torch.int32)
    save_file(tensors, OUT / "pixels.safetensors")


# What is embedded with the whole checkpoint: text of the prompt, and the (width, height) of its image.
INPUTS = {"text": ("a red apple", None), "image_and_text": ("what is in the image?", (30, 20)), "instruction": ("find the same object a red apple", (40, 11))}


@torch.no_grad()
def run_checkpoint(model, processor, tensors):
    for name, (text, size) in INPUTS.items():
        images = None if size is None else [picture(*size, 0)]
        batch = processor(images=images, text=f"{'<image>' if images else ''}{text}</s>", return_tensors="pt")
        hidden = model.model(**{key: value for key, value in batch.items() if key != "mm_token_type_ids"}).last_hidden_state
        put(tensors, "expected.checkpoint", **{name: unit(hidden[0, -1]), f"{name}.ids": batch["input_ids"][0]})


PUBLISHED = {
    "mistral-7b": dict(model_type="mistral", intermediate_size=14336, max_position_embeddings=32768, num_key_value_heads=8, rms_norm_eps=1e-5,
                       rope_theta=1e6, sliding_window=None, vocab_size=32064),
    "vicuna-7b": dict(model_type="llama", max_position_embeddings=4096, rms_norm_eps=1e-5, vocab_size=32064, pad_token_id=0),
    "vicuna-13b": dict(model_type="llama", hidden_size=5120, intermediate_size=13824, max_position_embeddings=4096, num_attention_heads=40,
                       num_hidden_layers=40, num_key_value_heads=40, rms_norm_eps=1e-5, vocab_size=32064, pad_token_id=0),
}  # fmt: skip


def make_sizes():
    """Numbers of weights, all and those that no embedding needs: what follows the layer of the tower whose output is taken."""
    sizes = {}
    for name, text in PUBLISHED.items():
        with torch.device("meta"):
            model = LlavaNextForConditionalGeneration(LlavaNextConfig(text_config=text))
        unused = [model.model.vision_tower.post_layernorm, *model.model.vision_tower.encoder.layers[-1:]]
        sizes[name] = dict(all=count_weights(model), unused=count_weights(*unused))
    write_json(OUT / "sizes.json", sizes, indent=2)


def main():
    for name, spec in MODELS.items():
        folder = OUT / name
        model = tiny_model(spec)
        write_model(model, folder)
        tensors = {}
        batches = {case: run_case(model, case, parts, tensors) for case, parts in spec["cases"].items()}
        if name == "small":
            processor = make_processor(model.config)
            processor.save_pretrained(folder)
            make_processor_fixtures(processor)
            run_checkpoint(model, processor, tensors)
        run_paths(model, PathCase(batches["mixed"], final_hidden, spec["lora"], checkpoint_name), folder, tensors)
        save_file(tensors, folder / "expected.safetensors")
    make_sizes()


if __name__ == "__main__":
    main()
