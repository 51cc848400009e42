"""Writes small checkpoints of random weights, whole folders as the transformers library saves them, with lines to embed.

Run from the repository root: python tools/reference/make_random_checkpoints.py runs/random-checkpoints [--seed 1] [--dtype bfloat16] [--only qwen2-vl]
(needs torch, torchvision, transformers 5, tokenizers, peft, num2words, pillow, safetensors)

<out>/<name>/ for each kind of model: config.json, weights (in two shards), tokenizer, processor; and in.jsonl with the pictures it names: prompts with
their special tokens written out, with no picture, one, and several, of many sizes and shapes.
tools/reference/check_embeddings.py compares what the two sides make of them.
"""

import argparse
import json
import random
import shutil
from pathlib import Path

import numpy as np
import torch
from common import llama_tokenizer, qwen_tokenizer, smollm_tokenizer
from common.qwen_tokenizer import PICTURE
from common.random_weights import WORD_EMBEDDINGS, randomise_all
from common.tensors import count_weights
from PIL import Image
from transformers import (
    AutoModelForImageTextToText,
    Idefics3Config,
    Idefics3ImageProcessor,
    Idefics3Processor,
    LlavaNextConfig,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    Qwen2VLConfig,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
    SmolVLMConfig,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

WORDS = "a red apple on the table what is in this picture find same object cat 42 café & dogs".split()


def qwen_parts(processor_class, video_class, **images):
    """Tokenizer and processor; ids of the marks."""
    tokenizer = qwen_tokenizer.make_tokenizer()
    fast = qwen_tokenizer.fast(tokenizer)
    processor = processor_class(image_processor=Qwen2VLImageProcessor(**images), tokenizer=fast, video_processor=video_class())
    return processor, qwen_tokenizer.marks_of(tokenizer), qwen_tokenizer.text_tokens_of(tokenizer, unused=5)


def qwen2_vl(tied):
    processor, marks, tokens = qwen_parts(Qwen2VLProcessor, Qwen2VLVideoProcessor, size=dict(shortest_edge=56 * 56, longest_edge=28 * 28 * 40))
    text = dict(hidden_size=64, intermediate_size=160, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=2048,
                rope_parameters=dict(rope_type="default", rope_theta=1e6, mrope_section=[2, 3, 3]))  # fmt: skip
    vision = dict(embed_dim=48, num_heads=3, depth=3, mlp_ratio=4, hidden_size=64)
    return Qwen2VLConfig(text_config=text | tokens, vision_config=vision, tie_word_embeddings=tied, **marks), processor


def qwen3_vl_dense(tied):
    settings = dict(patch_size=16, image_mean=[0.5] * 3, image_std=[0.5] * 3, size=dict(shortest_edge=64 * 64, longest_edge=32 * 32 * 40))
    processor, marks, tokens = qwen_parts(Qwen3VLProcessor, Qwen3VLVideoProcessor, **settings)
    text = dict(hidden_size=64, intermediate_size=160, num_hidden_layers=5, num_attention_heads=4, num_key_value_heads=2, head_dim=32,
                max_position_embeddings=2048, rope_parameters=dict(rope_type="default", rope_theta=5e6, mrope_section=[6, 5, 5], mrope_interleaved=True))  # fmt: skip
    vision = dict(hidden_size=48, num_heads=3, depth=6, intermediate_size=100, out_hidden_size=64, num_position_embeddings=144, deepstack_visual_indexes=[1, 3, 4])
    return Qwen3VLConfig(text_config=text | tokens, vision_config=vision, tie_word_embeddings=tied, **marks), processor


def llava(decoder):
    def make(tied):
        tokenizer = llama_tokenizer.make_tokenizer()
        text = dict(model_type=decoder, hidden_size=64, intermediate_size=144, num_hidden_layers=3, num_attention_heads=4,
                    num_key_value_heads=2 if decoder == "mistral" else 4, max_position_embeddings=4096, vocab_size=llama_tokenizer.VOCABULARY,
                    bos_token_id=llama_tokenizer.BOS, eos_token_id=llama_tokenizer.EOS, pad_token_id=tokenizer.pad_token_id, tie_word_embeddings=tied)  # fmt: skip
        if decoder == "mistral":
            text |= dict(sliding_window=None)
        pinpoints = [[56, 112], [112, 56], [112, 112], [168, 56], [56, 168]]
        vision = dict(model_type="clip_vision_model", hidden_size=48, intermediate_size=96, num_hidden_layers=4, num_attention_heads=3, image_size=56, patch_size=14)
        config = LlavaNextConfig(text_config=text, vision_config=vision, image_token_index=llama_tokenizer.IMAGE, image_grid_pinpoints=pinpoints, tie_word_embeddings=tied)
        images = LlavaNextImageProcessor(size=dict(shortest_edge=56), crop_size=dict(height=56, width=56), image_grid_pinpoints=pinpoints)
        return config, LlavaNextProcessor(images, tokenizer, patch_size=14, vision_feature_select_strategy="default", num_additional_image_tokens=1)

    return make


def idefics(config_class, images_class):
    def make(tied):
        tokenizer = smollm_tokenizer.make_tokenizer(True)
        text = dict(model_type="llama", hidden_size=64, intermediate_size=144, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                    max_position_embeddings=4096, vocab_size=len(tokenizer), tie_word_embeddings=tied, rope_parameters=dict(rope_type="default", rope_theta=1e5))  # fmt: skip
        vision = dict(hidden_size=48, intermediate_size=96, num_hidden_layers=3, num_attention_heads=3, image_size=64, patch_size=16)
        config = config_class(
            text_config=text | smollm_tokenizer.end_tokens_of(tokenizer),
            vision_config=vision,
            scale_factor=2,
            image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
            tie_word_embeddings=tied,
        )
        images = images_class(size=dict(longest_edge=192), max_image_size=dict(longest_edge=64))
        if config_class is Idefics3Config:
            return config, Idefics3Processor(images, tokenizer, image_seq_len=4)
        tokenizer.init_kwargs |= dict(fake_image_token="<fake_token_around_image>", image_token="<image>", global_image_token="<global-img>")
        for name, token in dict(fake_image_token="<fake_token_around_image>", image_token="<image>", global_image_token="<global-img>").items():
            setattr(tokenizer, name, token)
        return config, SmolVLMProcessor(images, tokenizer, SmolVLMVideoProcessor(), image_seq_len=4)

    return make


# name: what makes configuration and processor, whether embeddings are tied, how a picture and a prompt are written
KINDS = {
    "qwen2-vl": (qwen2_vl, True, PICTURE, "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"),
    "llava-next-mistral": (llava("mistral"), False, "<image>\n", "<s>[INST] {} [/INST]"),
    "llava-next-llama": (llava("llama"), False, "<image>\n", "<s>A chat. USER: {} ASSISTANT:"),
    "qwen3-vl": (qwen3_vl_dense, True, PICTURE, "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"),
    "idefics3": (idefics(Idefics3Config, Idefics3ImageProcessor), False, "<image>", "<|im_start|>User:{}<end_of_utterance>\nAssistant:"),
    "smolvlm": (idefics(SmolVLMConfig, SmolVLMImageProcessor), True, "<image>", "<|im_start|>User:{}<end_of_utterance>\nAssistant:"),
}

# (width, height) of the pictures of each line.
PICTURES = [[], [(64, 64)], [(200, 90)], [(31, 170)], [(1, 1)], [(9, 5)], [(400, 300)], [(260, 20), (45, 61)], [(112, 112), (70, 45), (33, 99)], []]


def make_picture(width, height, seed):
    """Smooth waves of colour, an edge and some noise."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 90 * np.sin(x / generator.uniform(4, 40) + phase) * np.cos(y / generator.uniform(4, 40)) for phase in range(3)]
    pixels = np.stack(waves, -1) + generator.normal(0, 8, (height, width, 3)) + 40 * (x > width / 2)[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_lines(folder, mark, prompt, seed, pictures=PICTURES):
    random.seed(seed)
    lines = []
    for row, sizes in enumerate(pictures):
        names = [f"picture-{row}-{at}.png" for at in range(len(sizes))]
        for at, (name, size) in enumerate(zip(names, sizes)):
            make_picture(*size, seed * 1000 + row * 10 + at).save(folder / name)
        words = [" ".join(random.choices(WORDS, k=random.randint(1, 9))) for _ in range(len(sizes) + 1)]
        text = mark.join(words) if row % 2 else mark * len(sizes) + words[0]
        lines.append(dict(id=f"row-{row}", prompt=prompt.format(text)) | (dict(images=names) if names else {}))
    (folder / "in.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def write_checkpoint(folder, kind, seed, dtype, shard="300KB", pictures=PICTURES):
    """A whole folder of that kind, with lines to embed. Weights are far from where they usually start, so that a forgotten one shows."""
    make, tied, mark, prompt = KINDS[kind]
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(seed)
    config, processor = make(tied)
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32).eval()
    randomise_all(model, looked_up=WORD_EMBEDDINGS)
    model.to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size=shard)
    processor.save_pretrained(folder)
    write_lines(folder, mark, prompt, seed, pictures)
    return count_weights(model)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--only", choices=KINDS)
    options = parser.parse_args()
    for kind in KINDS:
        if options.only in (None, kind):
            print(options.out / kind, write_checkpoint(options.out / kind, kind, options.seed, options.dtype), "weights")


if __name__ == "__main__":
    main()
