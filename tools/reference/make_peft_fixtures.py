"""Writes test/fixtures/peft/<adapter>/: adapters that PEFT puts on the tiny model in test/fixtures/qwen2-vl/small, and what it computes with them.

Run from the repository root: python tools/reference/make_peft_fixtures.py  (needs torch, transformers 5, peft, safetensors)

For each adapter: adapter_config.json and adapter_model.safetensors as PEFT saves them, and expected.safetensors, for the stored case "mixed":
  hidden, merged_hidden    [B, T, D] final hidden states with the adapter unmerged, and after merge_and_unload
  embeddings, seed         [B, D] last tokens' states of unit length, and a random gradient
  gradients.<weight>       gradients of sum(seed * embeddings) by torch's autograd, by the names of the adapter's file
  merged.<weight>          every weight that merging changed, by the names of the checkpoint
"""

import shutil
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import Qwen2VLForConditionalGeneration

BASE = Path("test/fixtures/qwen2-vl/small")
OUT = Path("test/fixtures/peft")

ADAPTERS = {
    "patterns": dict(
        r=4, lora_alpha=6, use_rslora=True, target_modules=r".*language_model.*\.(q_proj|v_proj|down_proj)",
        rank_pattern={r"layers\.1\.self_attn\.q_proj": 2, "v_proj": 3}, alpha_pattern={"down_proj": 5, r".*\.0\.self_attn\.v_proj": 1},
    ),
    "dora": dict(r=3, lora_alpha=5, use_dora=True, target_modules=["self_attn.q_proj", "up_proj", "attn.qkv", "attn.proj"], rank_pattern={"qkv": 2}),
    "all-linear": dict(r=2, lora_alpha=4, target_modules="all-linear", exclude_modules=r".*(visual\.blocks|o_proj).*"),
    "some-layers": dict(r=2, lora_alpha=2, target_modules=["k_proj", "o_proj"], layers_to_transform=[1, 2], layers_pattern="layers", use_dora=True,
                        use_rslora=True),
}  # fmt: skip


def load_base():
    model = Qwen2VLForConditionalGeneration.from_pretrained(BASE, dtype=torch.float32, attn_implementation="eager").eval()
    return model.requires_grad_(False)


def final_hidden(model, stored):
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    ids, lengths = stored["inputs.mixed.input_ids"].long(), stored["inputs.mixed.lengths"]
    grids = stored["inputs.mixed.grids"].long()
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return base.model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=stored["inputs.mixed.position_ids"].long(),
        pixel_values=stored["inputs.mixed.pixel_values"],
        image_grid_thw=torch.cat([torch.ones(len(grids), 1, dtype=torch.long), grids], 1),
        use_cache=False,
    ).last_hidden_state


@torch.no_grad()
def randomise(parameters):
    for name, parameter in parameters:
        noise = torch.randn_like(parameter)
        if "magnitude" in name:
            parameter.mul_(1 + 0.3 * noise)  # away from the norms that it begins with
        else:
            parameter.copy_(noise * parameter[0].numel() ** -0.5)


def stored_name(name):
    return name.replace(".default", "").replace("lora_magnitude_vector.weight", "lora_magnitude_vector")


def checkpoint_name(name):
    return name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")


def make(name, options):
    torch.manual_seed(11)
    stored = load_file(BASE / "expected.safetensors")
    before = {key: value.clone() for key, value in load_base().state_dict().items()}
    model = get_peft_model(load_base(), LoraConfig(**options, lora_dropout=0.0, bias="none")).eval()
    trained = [(key, parameter) for key, parameter in model.named_parameters() if "lora_" in key]
    randomise(trained)
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = folder / "adapter_config.json"
    config.write_text(config.read_text().replace(f'"{BASE}"', "null") + "\n")

    hidden = final_hidden(model, stored)
    lengths = stored["inputs.mixed.lengths"].long()
    embeddings = torch.nn.functional.normalize(hidden[torch.arange(len(lengths)), lengths - 1], dim=-1)
    seed = torch.randn_like(embeddings)
    (embeddings * seed).sum().backward()
    tensors = dict(hidden=hidden, embeddings=embeddings, seed=seed)
    tensors |= {f"gradients.{stored_name(key)}": parameter.grad for key, parameter in trained}
    merged = model.merge_and_unload()
    tensors["merged_hidden"] = final_hidden(merged, stored)
    changed = {key: value for key, value in merged.state_dict().items() if not torch.equal(value, before[key])}
    tensors |= {f"merged.{checkpoint_name(key)}": value for key, value in changed.items()}
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, folder / "expected.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)
    difference = (tensors["merged_hidden"] - hidden).abs().max().item()
    print(name, len(trained), "weights,", len(changed), "layers, merged differs by", difference)


if __name__ == "__main__":
    for name, options in ADAPTERS.items():
        make(name, options)
