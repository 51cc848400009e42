"""Writes test/fixtures/qwen3-vl/: tiny random Qwen3-VL models and what the transformers library computes with them.

Run from the repository root: python tools/reference/make_qwen3vl_fixtures.py  (needs torch, transformers 5, peft, tokenizers, pillow, safetensors)

small/, odd/: as common/qwen_vl.py has them, with beside `expected.<case>.image_features` also `deep_features.<n>`, and `position_embeddings`.
checkpoint/: a whole folder as the library saves it, with a tokenizer; expected.json and expected.safetensors hold
  prompts[].ids               token ids of prompts with images; <name>.picture<n>: the images [height, width, 3]
  <name>.levels               the byte of each pixel of the patches' first frame, [patches, 3 * patch * patch]; grids: [images, 2]
  embeddings                  of unit length, of an image with text, a text, and an instruction with text
sizes.json: number of weights of the published sizes.
"""

from pathlib import Path

import torch
from common.files import remove, write_json, write_model
from common.paths import lengths_of
from common.pictures import waves_and_noise
from common.qwen_tokenizer import PICTURE, fast, make_tokenizer, marks_of, text_tokens_of
from common.qwen_vl import MARKS, TOKENS, final_hidden, make_batch, write_fixtures
from common.random_weights import random_model
from common.tensors import count_weights, last_tokens, put, to_levels, unit
from PIL import Image
from safetensors.torch import save_file
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

OUT = Path("test/fixtures/qwen3-vl")

# Heads wider (small) or narrower (odd) than the hidden states together; deepstack in the order of the blocks and against it, up to the last layer.
MODELS = {
    "small": {
        "text": dict(hidden_size=24, intermediate_size=40, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
                     rms_norm_eps=1e-6, rope_parameters=dict(rope_type="default", rope_theta=5e6, mrope_section=[2, 1, 1], mrope_interleaved=True)),
        "vision": dict(hidden_size=16, num_heads=2, depth=3, intermediate_size=20, patch_size=4, spatial_merge_size=2, temporal_patch_size=2,
                       in_channels=3, out_hidden_size=24, hidden_act="gelu_pytorch_tanh", num_position_embeddings=16,
                       deepstack_visual_indexes=[0, 1]),
        "tied": False,
        "lora": dict(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj"]),
    },
    "odd": {
        "text": dict(hidden_size=36, intermediate_size=28, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1, head_dim=10,
                     rms_norm_eps=1e-3, rope_parameters=dict(rope_type="default", rope_theta=1e2, mrope_section=[2, 2, 1], mrope_interleaved=True)),
        "vision": dict(hidden_size=12, num_heads=3, depth=3, intermediate_size=10, patch_size=3, spatial_merge_size=3, temporal_patch_size=1,
                       in_channels=2, out_hidden_size=36, hidden_act="gelu", num_position_embeddings=49,
                       deepstack_visual_indexes=[2, 0]),
        "tied": True,
        "lora": dict(r=2, lora_alpha=3, use_rslora=True, target_modules=["k_proj", "o_proj", "down_proj"]),
    },
}  # fmt: skip


def tiny_model(spec, tokens=TOKENS, marks=MARKS):
    config = Qwen3VLConfig(
        text_config=spec["text"] | tokens | dict(max_position_embeddings=512, tie_word_embeddings=spec["tied"]),
        vision_config=spec["vision"],
        tie_word_embeddings=spec["tied"],
        **marks,
    )
    return random_model(Qwen3VLForConditionalGeneration, config)


@torch.no_grad()
def run_deep(model, case, tensors):
    """What the tower gives beside its last features."""
    if "image_grid_thw" not in make_batch(model.config, case):  # draws pixels that nothing uses; without, all later numbers would be others
        return
    pixels, grids = tensors[f"inputs.{case}.pixel_values"], tensors[f"inputs.{case}.grids"].long()
    grids = torch.cat([torch.ones_like(grids[:, :1]), grids], 1)
    seen = {}
    visual = model.model.visual
    hook = visual.blocks[0].register_forward_pre_hook(lambda _, arguments: seen.update(hidden=arguments[0]))
    deep = visual(pixels, grids).deepstack_features
    hook.remove()
    put(tensors, f"expected.{case}", position_embeddings=seen["hidden"] - visual.patch_embed(pixels))
    put(tensors, f"expected.{case}", **{f"deep_features.{at}": features for at, features in enumerate(deep)})


CHECKPOINT = {
    "text": MODELS["small"]["text"] | dict(num_hidden_layers=2),
    "vision": MODELS["small"]["vision"] | dict(patch_size=16, depth=2, deepstack_visual_indexes=[0], hidden_size=8),
    "tied": True,
}

# name: sizes (width, height) of the pictures, prompt
PROMPTS = {
    "text": ([], "<|im_start|>user\na red apple<|im_end|>"),
    "exact": ([(96, 64)], f"{PICTURE}a red apple"),
    "tiny": ([(5, 9)], f"<|im_start|>user\n{PICTURE}What is it?<|im_end|>\n<|im_start|>assistant\n"),
    "tall": ([(31, 170)], f"{PICTURE}\n"),
    "wide": ([(260, 40)], f"this {PICTURE}"),
    "large": ([(230, 190)], f"Find{PICTURE}it"),
    "several": ([(70, 45), (33, 61), (64, 64)], f"a{PICTURE}b{PICTURE}{PICTURE}on the table"),
}
CHAT = "<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n"
USUAL = "Represent the user's input."
EMBEDDED = [
    (["exact"], CHAT.format(instruction=USUAL, content=f"{PICTURE}a red apple")),
    ([], CHAT.format(instruction=USUAL, content="What is it?")),
    ([], CHAT.format(instruction="Find the picture of this.", content="an apple")),
]


# The processor of videos needs torchvision; nothing here has videos.
Qwen3VLProcessor.get_attributes = classmethod(lambda _: ["image_processor", "tokenizer"])


def make_checkpoint():
    folder = OUT / "checkpoint"
    tokenizer = make_tokenizer()
    model = tiny_model(CHECKPOINT, text_tokens_of(tokenizer), marks_of(tokenizer))
    write_model(model, folder)
    processor = Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessorPil(
            patch_size=16, image_mean=[0.5] * 3, image_std=[0.5] * 3, size=dict(shortest_edge=64 * 64, longest_edge=128 * 128)
        ),
        tokenizer=fast(tokenizer),
    )
    processor.save_pretrained(folder)
    remove(folder, "chat_template.jinja")
    tensors, prompts = {}, []
    for name, (sizes, prompt) in PROMPTS.items():
        pictures = [waves_and_noise(*size, seed) for seed, size in enumerate(sizes)]
        batch = processor(text=[prompt], images=[Image.fromarray(picture) for picture in pictures] or None, return_tensors="pt")
        prompts.append(dict(name=name, prompt=prompt, pictures=sizes, ids=batch["input_ids"][0].tolist()))
        if pictures:
            tensors |= {f"{name}.picture{at}": torch.from_numpy(picture) for at, picture in enumerate(pictures)}
            tensors |= {f"{name}.levels": levels_of(batch["pixel_values"]), f"{name}.grids": batch["image_grid_thw"][:, 1:].int()}
    embeddings = [embed(model, processor, text, [tensors[f"{name}.picture0"].numpy() for name in names]) for names, text in EMBEDDED]
    tensors["embeddings"] = torch.stack(embeddings)
    save_file(tensors, folder / "expected.safetensors")
    write_json(folder / "expected.json", dict(prompts=prompts), indent=1)


def levels_of(pixel_values):
    """Those of the first frame; the second is the same. Patches are [channel, frame, row, column]."""
    frames = pixel_values.reshape(len(pixel_values), 3, 2, -1)
    assert (frames[:, :, 0] == frames[:, :, 1]).all()
    return to_levels(frames[:, :, 0], [0.5] * 3, [0.5] * 3).reshape(len(pixel_values), -1)


@torch.no_grad()
def embed(model, processor, text, pictures):
    batch = processor(text=[text], images=[Image.fromarray(picture) for picture in pictures] or None, return_tensors="pt")
    return unit(last_tokens(final_hidden(model, dict(batch)), lengths_of(batch))[0])


# As published: Qwen3-VL-{2B,4B,8B}-Instruct; Qwen3-VL-Embedding has the sizes of 2B and 8B.
TOWERS = {
    24: dict(depth=24, hidden_size=1024, intermediate_size=4096, deepstack_visual_indexes=[5, 11, 17]),
    27: dict(depth=27, hidden_size=1152, intermediate_size=4304, deepstack_visual_indexes=[8, 16, 24]),
}
SIZES = {
    "2B": (24, dict(hidden_size=2048, intermediate_size=6144, num_hidden_layers=28, num_attention_heads=16), True),
    "4B": (24, dict(hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, num_attention_heads=32), True),
    "8B": (27, dict(hidden_size=4096, intermediate_size=12288, num_hidden_layers=36, num_attention_heads=32), False),
}


def make_sizes():
    sizes = {}
    for name, (depth, text, tied) in SIZES.items():
        config = Qwen3VLConfig(
            text_config=text | dict(num_key_value_heads=8, vocab_size=151936),
            vision_config=TOWERS[depth] | dict(out_hidden_size=text["hidden_size"]),
            tie_word_embeddings=tied,
        )
        with torch.device("meta"):
            model = Qwen3VLForConditionalGeneration(config)
        model.tie_weights()
        sizes[name] = count_weights(model)
    write_json(OUT / "sizes.json", sizes, indent=1)


def main():
    write_fixtures(OUT, MODELS, tiny_model, run_more=run_deep)
    make_checkpoint()
    make_sizes()


if __name__ == "__main__":
    main()
