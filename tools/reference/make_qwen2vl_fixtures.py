"""Writes test/fixtures/qwen2-vl/<model>/: tiny random Qwen2-VL models and what the transformers library computes with them.

Run from the repository root: python tools/reference/make_qwen2vl_fixtures.py  (needs torch, transformers 5, peft, safetensors)

For each model: config.json and model.safetensors as the library saves them, adapter/ as PEFT saves it, and expected.safetensors:
  inputs.<case>.*      input_ids [B, T], lengths [B], position_ids [3, B, T], grids [images, 2], pixel_values [patches, patch length]
  expected.<case>.*    hidden [B, T, D] (after the final norm), cosines and sines [B, T, W], image_features, vision_cosines, vision_sines, logits
  paths.layers.*       prefixes of N paths [N, G, P, W]
  expected.paths.*     path embeddings of unit length [B, N, D]: without and with LoRA; `seed`, the gradient pulled back through them
  gradients.*          gradients of sum(seed * embeddings) by torch's autograd, with LoRA and prefixes, for every weight it reaches
Prefixes enter as the library's own key-value cache, so positions begin at 0 behind them and they get no rotary embedding.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import DynamicCache, Qwen2VLConfig, Qwen2VLForConditionalGeneration

OUT = Path("test/fixtures/qwen2-vl")
PATHS, PREFIX = 2, 3
IMAGE, VIDEO, START, END, EOS = 50, 51, 52, 53, 54

MODELS = {
    "small": {
        "text": dict(hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                     rms_norm_eps=1e-6, rope_parameters=dict(rope_type="default", rope_theta=1e6, mrope_section=[1, 1, 2])),
        "vision": dict(embed_dim=16, num_heads=2, depth=2, mlp_ratio=2, patch_size=4, spatial_merge_size=2, temporal_patch_size=2,
                       in_channels=3, hidden_size=32, hidden_act="quick_gelu"),
        "tied": False,
        "lora": dict(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj"]),
    },
    "odd": {
        "text": dict(hidden_size=36, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
                     rms_norm_eps=1e-3, rope_parameters=dict(rope_type="default", rope_theta=1e2, mrope_section=[3, 2, 1])),
        "vision": dict(embed_dim=12, num_heads=3, depth=1, mlp_ratio=3, patch_size=3, spatial_merge_size=3, temporal_patch_size=1,
                       in_channels=2, hidden_size=36, hidden_act="gelu_pytorch_tanh"),
        "tied": True,
        "lora": dict(r=2, lora_alpha=3, use_rslora=True, target_modules=["k_proj", "o_proj", "down_proj"]),
    },
}  # fmt: skip

# Each input: numbers are words, pairs are images of (rows, columns) merge blocks.
CASES = {
    "text": [[7, 3, 9, 9, 20, 1, 33]],
    "image": [[5, (2, 3), 8, 2, 30]],
    "uniform": [[(2, 2), 4, 1], [17, (2, 2), 6]],
    "mixed": [[3, (1, 2), 11, (3, 1), 9, 4], [21, 8], [(1, 4), 14, 2, 40, 41, 42, 43, 44, 12, 13, 15, 19], [2, 6, (2, 2)]],
}


def tiny_model(spec):
    torch.manual_seed(7)
    tokens = dict(vocab_size=55, bos_token_id=EOS, eos_token_id=EOS, pad_token_id=EOS, max_position_embeddings=64)
    config = Qwen2VLConfig(
        text_config=spec["text"] | tokens | dict(tie_word_embeddings=spec["tied"]),
        vision_config=spec["vision"],
        image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=START, vision_end_token_id=END,
        tie_word_embeddings=spec["tied"],
    )  # fmt: skip
    config._attn_implementation = "eager"
    model = Qwen2VLForConditionalGeneration._from_config(config, attn_implementation="eager").eval()
    for name, parameter in model.named_parameters():
        randomise(name, parameter)
    return model


@torch.no_grad()
def randomise(name, parameter):
    """Every weight far from where it starts, norms and biases too, so that a forgotten or swapped one shows."""
    noise = torch.randn_like(parameter)
    if parameter.ndim == 1:
        parameter.copy_(noise * 0.3 + (1 if name.endswith(".weight") else 0))
    elif name.endswith("embed_tokens.weight"):
        parameter.copy_(noise)
    else:
        parameter.copy_(noise * parameter[0].numel() ** -0.5)


def make_batch(config, case):
    vision = config.vision_config
    grids, rows = [], []
    for parts in CASES[case]:
        ids = []
        for part in parts:
            if isinstance(part, tuple):
                grids.append([1, part[0] * vision.spatial_merge_size, part[1] * vision.spatial_merge_size])
                ids += [START, *[IMAGE] * (part[0] * part[1]), END]
            else:
                ids.append(part)
        rows.append(ids)
    longest = max(map(len, rows))
    ids = torch.tensor([row + [EOS] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    batch = dict(input_ids=ids, attention_mask=mask, mm_token_type_ids=(ids == IMAGE).int())
    if grids:
        patches = sum(height * width for _, height, width in grids)
        length = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
        batch |= dict(pixel_values=torch.randn(patches, length), image_grid_thw=torch.tensor(grids))
    return batch


def positions(model, batch):
    if "image_grid_thw" not in batch:
        rows, tokens = batch["input_ids"].shape
        return torch.arange(tokens).expand(3, rows, tokens)
    return model.model.get_rope_index(
        batch["input_ids"], batch["mm_token_type_ids"], image_grid_thw=batch["image_grid_thw"], attention_mask=batch["attention_mask"]
    )[0]


def base_of(model):
    """The multimodal model itself, with or without PEFT around it."""
    return model.get_base_model().model if hasattr(model, "get_base_model") else model.model


def final_hidden(model, batch, prefixes=None):
    """[B, T, D] after the final norm; prefixes: one (keys, values) [G, P, W] per layer."""
    arguments = {k: v for k, v in batch.items() if k != "mm_token_type_ids"}
    arguments["position_ids"] = positions(model if not hasattr(model, "get_base_model") else model.get_base_model(), batch)
    if prefixes is not None:
        rows, length = batch["input_ids"].shape[0], prefixes[0][0].shape[1]
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(prefixes):
            cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), layer)
        arguments["past_key_values"] = cache
        arguments["attention_mask"] = torch.cat([torch.ones(rows, length, dtype=torch.long), batch["attention_mask"]], 1)
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
def run_case(model, case, tensors):
    batch = make_batch(model.config, case)
    place = positions(model, batch)
    lengths = batch["attention_mask"].sum(1)
    put(tensors, f"inputs.{case}", input_ids=batch["input_ids"], lengths=lengths, position_ids=place)
    half = head_width(model.config) // 2
    cosines, sines = model.model.language_model.rotary_emb(torch.zeros(1), place)
    hidden = final_hidden(model, batch)
    put(tensors, f"expected.{case}", hidden=hidden, cosines=cosines[..., :half], sines=sines[..., :half])
    if case == "text":
        put(tensors, f"expected.{case}", logits=model.lm_head(hidden))
    if "image_grid_thw" in batch:
        grids = batch["image_grid_thw"]
        put(tensors, f"inputs.{case}", grids=grids[:, 1:], pixel_values=batch["pixel_values"])
        features = torch.cat(model.model.get_image_features(batch["pixel_values"], grids).pooler_output)
        cosines, sines = vision_tables(model, grids)
        put(tensors, f"expected.{case}", image_features=features, vision_cosines=cosines, vision_sines=sines)


def vision_tables(model, grids):
    seen = {}
    hook = model.model.visual.rotary_pos_emb.register_forward_hook(lambda _, __, result: seen.update(tables=result))
    vision = model.config.vision_config
    length = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
    model.model.visual(torch.zeros(int(grids.prod(-1).sum()), length), grids)
    hook.remove()
    cosines, sines = seen["tables"]
    return cosines[:, : cosines.shape[1] // 2], sines[:, : sines.shape[1] // 2]


def head_width(config):
    text = config.text_config
    return getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads


def make_prefixes(config):
    text = config.text_config
    shape = [PATHS, text.num_key_value_heads, PREFIX, head_width(config)]
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


def run_gradients(model, spec, folder, tensors, stored_name):
    batch = make_batch(model.config, "mixed") | dict(pixel_values=tensors["inputs.mixed.pixel_values"])
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
            put(tensors, "gradients", **{stored_name(plain_name(name)): parameter.grad})


def tidy(adapter):
    """PEFT writes a set in arbitrary order, and a README with nothing to say."""
    (adapter / "README.md").unlink()
    file = adapter / "adapter_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | dict(target_modules=sorted(config["target_modules"])), indent=2) + "\n")


def plain_name(name):
    """The library's own name for a weight inside PEFT's model."""
    return name.removeprefix("base_model.model.").replace(".base_layer.", ".").replace(".default.", ".")


def checkpoint_name(name):
    """The name that published checkpoints use."""
    return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")


def put(tensors, prefix, **named):
    for name, tensor in named.items():
        tensor = tensor.detach().clone().contiguous()
        tensors[f"{prefix}.{name}".lstrip(".")] = tensor.int() if tensor.dtype == torch.long else tensor


def main():
    for name, spec in MODELS.items():
        folder = OUT / name
        shutil.rmtree(folder, ignore_errors=True)
        model = tiny_model(spec)
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        tensors = {}
        for case in CASES:
            run_case(model, case, tensors)
        run_gradients(model, spec, folder, tensors, checkpoint_name)
        save_file(tensors, folder / "expected.safetensors")


if __name__ == "__main__":
    main()
