"""Writes test/fixtures/qwen3-vl/: tiny random Qwen3-VL models and what the transformers library computes with them.

Run from the repository root: python tools/reference/make_qwen3vl_fixtures.py  (needs torch, transformers 5, peft, tokenizers, pillow, safetensors)

small/, odd/: as make_qwen2vl_fixtures.py has them, with beside `expected.<case>.image_features` also `deep_features.<n>`, and `position_embeddings`.
checkpoint/: a whole folder as the library saves it, with a tokenizer; expected.json and expected.safetensors hold
  prompts[].ids               token ids of prompts with images; <name>.picture<n>: the images [height, width, 3]
  <name>.levels               the byte of each pixel of the patches' first frame, [patches, 3 * patch * patch]; grids: [images, 2]
  embeddings                  of unit length, of an image with text, a text, and an instruction with text
sizes.json: number of weights of the published sizes.
"""

import json
import shutil
from pathlib import Path

import torch
from make_image_fixtures import make_picture
from make_qwen2vl_fixtures import CASES, END, EOS, IMAGE, START, VIDEO, final_hidden, last_tokens, make_batch, put, randomise, run_case, run_gradients
from PIL import Image
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2TokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor
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

TOKENS = dict(bos_token_id=EOS, eos_token_id=EOS, pad_token_id=EOS, vocab_size=EOS + 1)
MARKS = dict(image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=START, vision_end_token_id=END)


def tiny_model(spec, tokens=TOKENS, marks=MARKS):
    torch.manual_seed(7)
    config = Qwen3VLConfig(
        text_config=spec["text"] | tokens | dict(max_position_embeddings=512, tie_word_embeddings=spec["tied"]),
        vision_config=spec["vision"],
        tie_word_embeddings=spec["tied"],
        **marks,
    )
    model = Qwen3VLForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    for name, parameter in model.named_parameters():
        randomise(name, parameter)
    return model


@torch.no_grad()
def run_deep(model, case, tensors):
    """What the tower gives beside its last features."""
    if "image_grid_thw" not in make_batch(model.config, case):
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


def make_models():
    for name, spec in MODELS.items():
        folder = OUT / name
        model = tiny_model(spec)
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        tensors = {}
        for case in CASES:
            run_case(model, case, tensors)
            run_deep(model, case, tensors)
        run_gradients(model, spec, folder, tensors, lambda name: name)
        save_file(tensors, folder / "expected.safetensors")


SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
CORPUS = ["Represent the user's input.", "Find the picture of this.", "a red apple on a table", "system user assistant\n", "What is it?\n", "0123456789"]
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def make_tokenizer():
    """Byte-level, with the letters of a small corpus only."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=80, min_frequency=1, show_progress=False))
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return tokenizer


CHECKPOINT = {
    "text": MODELS["small"]["text"] | dict(num_hidden_layers=2),
    "vision": MODELS["small"]["vision"] | dict(patch_size=16, depth=2, deepstack_visual_indexes=[0], hidden_size=8),
    "tied": True,
}

# name: sizes (width, height) of the pictures, prompt
PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
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
    ids = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    end = ids["<|endoftext|>"]
    marks = dict(image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
                 vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"])  # fmt: skip
    tokens = dict(bos_token_id=end, eos_token_id=ids["<|im_end|>"], pad_token_id=end, vocab_size=tokenizer.get_vocab_size())
    model = tiny_model(CHECKPOINT, tokens, marks)
    model.save_pretrained(folder)
    processor = Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessorPil(
            patch_size=16, image_mean=[0.5] * 3, image_std=[0.5] * 3, size=dict(shortest_edge=64 * 64, longest_edge=128 * 128)
        ),
        tokenizer=Qwen2TokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token=None),
    )
    processor.save_pretrained(folder)
    for name in ("generation_config.json", "chat_template.jinja"):
        (folder / name).unlink(missing_ok=True)
    tensors, prompts = {}, []
    for name, (sizes, prompt) in PROMPTS.items():
        pictures = [make_picture(*size, seed) for seed, size in enumerate(sizes)]
        batch = processor(text=[prompt], images=[Image.fromarray(picture) for picture in pictures] or None, return_tensors="pt")
        prompts.append(dict(name=name, prompt=prompt, pictures=sizes, ids=batch["input_ids"][0].tolist()))
        if pictures:
            tensors |= {f"{name}.picture{at}": torch.from_numpy(picture) for at, picture in enumerate(pictures)}
            tensors |= {f"{name}.levels": to_levels(batch["pixel_values"]), f"{name}.grids": batch["image_grid_thw"][:, 1:].int()}
    embeddings = [embed(model, processor, text, [tensors[f"{name}.picture0"].numpy() for name in names]) for names, text in EMBEDDED]
    tensors["embeddings"] = torch.stack(embeddings)
    save_file(tensors, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps(dict(prompts=prompts), indent=1) + "\n")


def to_levels(pixel_values):
    """The byte of each value of the first frame; the second is the same. Patches are [channel, frame, row, column]."""
    frames = pixel_values.reshape(len(pixel_values), 3, 2, -1)
    assert (frames[:, :, 0] == frames[:, :, 1]).all()
    levels = (frames[:, :, 0].double() * 0.5 + 0.5) * 255
    assert (levels - levels.round()).abs().max() < 1e-4
    return levels.round().to(torch.uint8).reshape(len(pixel_values), -1)


@torch.no_grad()
def embed(model, processor, text, pictures):
    batch = processor(text=[text], images=[Image.fromarray(picture) for picture in pictures] or None, return_tensors="pt")
    return torch.nn.functional.normalize(last_tokens(final_hidden(model, dict(batch)), batch)[0], dim=-1)


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


def count_weights():
    counts = {}
    for name, (depth, text, tied) in SIZES.items():
        config = Qwen3VLConfig(
            text_config=text | dict(num_key_value_heads=8, vocab_size=151936),
            vision_config=TOWERS[depth] | dict(out_hidden_size=text["hidden_size"]),
            tie_word_embeddings=tied,
        )
        with torch.device("meta"):
            model = Qwen3VLForConditionalGeneration(config)
        model.tie_weights()
        counts[name] = sum(parameter.numel() for parameter in model.parameters())
    (OUT / "sizes.json").write_text(json.dumps(counts, indent=1) + "\n")


def main():
    shutil.rmtree(OUT / "small", ignore_errors=True)
    shutil.rmtree(OUT / "odd", ignore_errors=True)
    shutil.rmtree(OUT / "checkpoint", ignore_errors=True)
    OUT.mkdir(parents=True, exist_ok=True)
    make_models()
    make_checkpoint()
    count_weights()


if __name__ == "__main__":
    main()
