"""Writes test/fixtures/llava-next/: tiny random LLaVA-NeXT models and what the transformers library computes with them.

Run from the repository root: python tools/reference/make_llava_next_fixtures.py  (needs torch, transformers 5, tokenizers, peft, safetensors, pillow)

<model>/: config.json and model.safetensors as the library saves them, adapter/ as PEFT saves it, and expected.safetensors:
  inputs.<case>.*      input_ids [B, T], lengths [B], image_sizes [images, 2] (height, width), tiles [tiles, 3, S, S] float32, made at random
  expected.<case>.*    hidden [B, T, D] (after the final norm), image_features; with `base_only` images have no tile but the base image, which the
                       library does not know: its tower, projector and decoder are run one after another
  paths.layers.*       prefixes of N paths [N, G, P, W]
  expected.paths.*     path embeddings of unit length [B, N, D]: without and with LoRA; `seed`, the gradient pulled back through them
  gradients.*          gradients of sum(seed * embeddings) by torch's autograd, with LoRA and prefixes, for every weight it reaches
Prefixes enter as the library's own key-value cache, so positions begin at 0 behind them.

small/ is a whole checkpoint folder: also tokenizer.json and processor_config.json, with embeddings of inputs in expected.safetensors.
prompts.json and pixels.safetensors: token ids and pixel values of the library's processor (its Pillow backend).
sizes.json: numbers of weights of the published models.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import DynamicCache, LlavaNextConfig, LlavaNextForConditionalGeneration, LlavaNextProcessor, PreTrainedTokenizerFast
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil

OUT = Path("test/fixtures/llava-next")
PATHS, PREFIX = 2, 3
BOS, EOS, IMAGE, VOCABULARY = 1, 2, 320, 330

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
    torch.manual_seed(7)
    text = spec["text"] | dict(vocab_size=VOCABULARY, bos_token_id=BOS, eos_token_id=EOS)
    if spec["root"].get("tie_word_embeddings"):
        text["tie_word_embeddings"] = True
    config = LlavaNextConfig(text_config=text, vision_config=spec["vision"], image_token_index=IMAGE, **spec["root"])
    model = LlavaNextForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    for name, parameter in model.named_parameters():
        randomise(name, parameter)
    return model


@torch.no_grad()
def randomise(name, parameter):
    """Every weight far from where it starts, norms and biases too, so that a forgotten or swapped one shows."""
    noise = torch.randn_like(parameter)
    if name.endswith(("class_embedding", "image_newline")):
        parameter.copy_(noise)
    elif parameter.ndim == 1:
        parameter.copy_(noise * 0.3 + (1 if name.endswith(".weight") else 0))
    elif name.endswith(("embed_tokens.weight", "position_embedding.weight")):
        parameter.copy_(noise)
    else:
        parameter.copy_(noise * parameter[0].numel() ** -0.5)


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
    longest = max(map(len, rows))
    batch["input_ids"] = torch.tensor([row + [EOS] * (longest - len(row)) for row in rows])
    batch["attention_mask"] = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return batch, counts


def base_features(model, tiles):
    """[images, patches, D]: the features of base images alone."""
    states = model.model.vision_tower(tiles[:, 0], output_hidden_states=True).hidden_states[model.config.vision_feature_layer]
    return model.model.multi_modal_projector(states[:, 1:])


def base_of(model):
    """The multimodal model itself, with or without PEFT around it."""
    return model.get_base_model().model if hasattr(model, "get_base_model") else model.model


def final_hidden(model, batch, prefixes=None):
    """[B, T, D] after the final norm; prefixes: one (keys, values) [G, P, W] per layer."""
    rows, tokens = batch["input_ids"].shape
    arguments = batch | dict(position_ids=torch.arange(tokens).expand(rows, tokens))
    if prefixes is not None:
        length = prefixes[0][0].shape[1]
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(prefixes):
            cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), layer)
        arguments["past_key_values"] = cache
        arguments["attention_mask"] = torch.cat([torch.ones(rows, length, dtype=torch.long), batch["attention_mask"]], 1)
    if "features" in arguments:
        ids, features = arguments.pop("input_ids"), arguments.pop("features")
        words = model.get_input_embeddings()(ids)
        arguments["inputs_embeds"] = words.masked_scatter((ids == IMAGE)[..., None], features)
        del arguments["pixel_values"], arguments["image_sizes"]
    return base_of(model)(**arguments, use_cache=prefixes is not None).last_hidden_state


def last_tokens(hidden, batch):
    lengths = batch["attention_mask"].sum(1)
    return hidden[torch.arange(len(lengths)), lengths - 1]


def path_embeddings(model, batch, prefixes):
    """[B, N, D] of unit length, each path run by itself."""
    layers = range(model.config.text_config.num_hidden_layers)
    paths = [
        last_tokens(final_hidden(model, batch, [(prefixes[f"{layer}.keys"][path], prefixes[f"{layer}.values"][path]) for layer in layers]), batch)
        for path in range(PATHS)
    ]
    return torch.nn.functional.normalize(torch.stack(paths, 1), dim=-1)


@torch.no_grad()
def run_case(model, case, parts, tensors):
    batch, counts = make_batch(model, parts, base_only=case == "base_only")
    put(tensors, f"inputs.{case}", input_ids=batch["input_ids"], lengths=batch["attention_mask"].sum(1))
    put(tensors, f"expected.{case}", hidden=final_hidden(model, batch))
    if counts:
        tiles = torch.cat([image[:count] for image, count in zip(batch["pixel_values"], counts)])
        features = batch.get("features")
        if features is None:
            features = torch.cat(model.model.get_image_features(batch["pixel_values"], batch["image_sizes"]).pooler_output)
        put(tensors, f"inputs.{case}", image_sizes=batch["image_sizes"], tiles=tiles)
        put(tensors, f"expected.{case}", image_features=features)
    return batch


def make_prefixes(config):
    text = config.text_config
    shape = [PATHS, text.num_key_value_heads, PREFIX, text.head_dim]
    return {f"{layer}.{kind}": torch.randn(shape) for layer in range(text.num_hidden_layers) for kind in ("keys", "values")}


@torch.no_grad()
def check_prefixes(model, batch, prefixes):
    """The cache does what is claimed: token 0 sees all prefix keys, at positions that do not count them."""
    layer = model.model.language_model.layers[0].self_attn
    seen = {}
    hook = layer.register_forward_hook(lambda _, __, result: seen.update(weights=result[1]))
    layers = range(model.config.text_config.num_hidden_layers)
    final_hidden(model, batch, [(prefixes[f"{at}.keys"][0], prefixes[f"{at}.values"][0]) for at in layers])
    hook.remove()
    first = seen["weights"][:, :, 0]
    assert (first[..., : PREFIX + 1] > 0).all() and (first[..., PREFIX + 1 :] == 0).all()


def run_gradients(model, spec, batch, folder, tensors):
    prefixes = make_prefixes(model.config)
    check_prefixes(model, batch, prefixes)
    with torch.no_grad():
        put(tensors, "expected.paths", embeddings=path_embeddings(model, batch, prefixes))
    adapted = get_peft_model(model, LoraConfig(**spec["lora"], lora_dropout=0.0, bias="none"))
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            randomise(name, parameter)
    adapted.eval().save_pretrained(folder / "adapter")
    tidy(folder / "adapter")
    wanted = dict(adapted.named_parameters())
    for tensor in [*wanted.values(), *prefixes.values()]:
        tensor.requires_grad_(True)
    embeddings = path_embeddings(adapted, batch, prefixes)
    seed = torch.randn_like(embeddings)
    (embeddings * seed).sum().backward()
    put(tensors, "expected.paths", embeddings_with_lora=embeddings, seed=seed)
    for name, prefix in prefixes.items():
        layer, kind = name.split(".")
        put(tensors, "", **{f"paths.layers.{layer}.prefix_{kind}": prefix, f"gradients.paths.layers.{layer}.prefix_{kind}": prefix.grad})
    for name, parameter in wanted.items():
        if parameter.grad is not None:
            put(tensors, "gradients", **{checkpoint_name(name): parameter.grad})


def tidy(adapter):
    """PEFT writes a set in arbitrary order, and a README with nothing to say."""
    (adapter / "README.md").unlink()
    file = adapter / "adapter_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | dict(target_modules=sorted(config["target_modules"])), indent=2) + "\n")


def checkpoint_name(name):
    """The name that published checkpoints use."""
    name = name.removeprefix("base_model.model.").replace(".base_layer.", ".").replace(".default.", ".").removeprefix("model.")
    return name.replace("vision_tower.", "vision_tower.vision_model.", 1).replace("language_model.", "language_model.model.", 1)


def put(tensors, prefix, **named):
    for name, tensor in named.items():
        tensor = tensor.detach().clone().contiguous()
        tensors[f"{prefix}.{name}".lstrip(".")] = tensor.int() if tensor.dtype == torch.long else tensor


CORPUS = [
    "a red apple on a table", "find the same object", "what is in the image?", "Represent the given image with the following question:",
    "café 42 cats & dogs", "[INST] \nWhat is shown? [/INST]", "USER: ASSISTANT:",
]  # fmt: skip


def make_tokenizer():
    """A tokenizer of Llama's kind: pieces with byte fallback, each text begins with a space, special tokens stand for themselves."""
    trained = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.pre_tokenizer = pre_tokenizers.Metaspace(split=True, prepend_scheme="never")
    special = ["<unk>", "<s>", "</s>", *[f"<0x{byte:02X}>" for byte in range(256)]]
    trained.train_from_iterator(CORPUS * 3, trainers.BpeTrainer(vocab_size=IMAGE, special_tokens=special, show_progress=False))
    parts = json.loads(trained.to_str())
    added = [token for token in parts["added_tokens"] if token["id"] <= EOS]
    added += [dict(added[0], id=IMAGE + at, content=content) for at, content in enumerate(["<image>", "<pad>"])]
    strip = dict(type="Strip", content=" ", start=1, stop=0)
    decoders = [dict(type="Replace", pattern=dict(String="▁"), content=" "), dict(type="ByteFallback"), dict(type="Fuse"), strip]
    begin = dict(SpecialToken=dict(id="<s>", type_id=0))
    first, second = dict(Sequence=dict(id="A", type_id=0)), dict(Sequence=dict(id="B", type_id=1))
    parts |= dict(
        added_tokens=added,
        pre_tokenizer=None,
        decoder=dict(type="Sequence", decoders=decoders),
        post_processor=dict(
            type="TemplateProcessing", single=[begin, first], pair=[begin, first, second], special_tokens={"<s>": dict(id="<s>", ids=[BOS], tokens=["<s>"])}
        ),
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(parts)), bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
        extra_special_tokens=dict(image_token="<image>"),
    )  # fmt: skip
    fast.padding_side = "right"
    return fast


def make_processor(config):
    size = config.vision_config.image_size
    images = LlavaNextImageProcessorPil(
        size=dict(shortest_edge=size), crop_size=dict(height=size, width=size), image_grid_pinpoints=config.image_grid_pinpoints
    )
    return LlavaNextProcessor(
        images, make_tokenizer(), patch_size=config.vision_config.patch_size, vision_feature_select_strategy="default", num_additional_image_tokens=1
    )


def picture(width, height, seed):
    """Waves that grow finer, with edges, from whole numbers alone: test/fixtures/llava-next/picture.ts makes the same."""
    y, x, channel = np.mgrid[0:height, 0:width, 0:3]
    waves = (x * x * 3 + y * y * 5 + x * y * 7) // (4 + seed) + channel * 50 + seed * 31
    return Image.fromarray(((waves + (x // 7 + y // 5) % 2 * 90) % 256).astype(np.uint8))


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
        images = [picture(width, height, seed) for seed, (width, height) in enumerate(sizes)]
        ids = processor(images=images or None, text=text)["input_ids"][0]
        prompts.append(dict(prompt=f"<s>{text}", images=sizes, ids=shorten(ids)))
    lines = ",\n".join(json.dumps(prompt) for prompt in prompts)
    (OUT / "prompts.json").write_text(f"[\n{lines}\n]\n")
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


def shorten(ids):
    """Runs of the image's token as [token, times]."""
    runs = []
    for id in ids:
        if id == IMAGE and runs and isinstance(runs[-1], list):
            runs[-1][1] += 1
        else:
            runs.append([id, 1] if id == IMAGE else id)
    return runs


# What is embedded with the whole checkpoint: text of the prompt, and the (width, height) of its image.
INPUTS = {"text": ("a red apple", None), "image_and_text": ("what is in the image?", (30, 20)), "instruction": ("find the same object a red apple", (40, 11))}


@torch.no_grad()
def run_checkpoint(model, processor, tensors):
    for name, (text, size) in INPUTS.items():
        images = None if size is None else [picture(*size, 0)]
        batch = processor(images=images, text=f"{'<image>' if images else ''}{text}</s>", return_tensors="pt")
        hidden = model.model(**{key: value for key, value in batch.items() if key != "mm_token_type_ids"}).last_hidden_state
        put(tensors, "expected.checkpoint", **{name: torch.nn.functional.normalize(hidden[0, -1], dim=-1), f"{name}.ids": batch["input_ids"][0]})


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
        count = lambda modules: sum(parameter.numel() for module in modules for parameter in module.parameters())
        sizes[name] = dict(all=count([model]), unused=count(unused))
    (OUT / "sizes.json").write_text(json.dumps(sizes, indent=2) + "\n")


def main():
    shutil.rmtree(OUT / "small", ignore_errors=True)
    shutil.rmtree(OUT / "odd", ignore_errors=True)
    for name, spec in MODELS.items():
        folder = OUT / name
        model = tiny_model(spec)
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        tensors = {}
        batches = {case: run_case(model, case, parts, tensors) for case, parts in spec["cases"].items()}
        if name == "small":
            processor = make_processor(model.config)
            processor.save_pretrained(folder)
            make_processor_fixtures(processor)
            run_checkpoint(model, processor, tensors)
        run_gradients(model, spec, batches["mixed"], folder, tensors)
        save_file(tensors, folder / "expected.safetensors")
    make_sizes()


if __name__ == "__main__":
    main()
