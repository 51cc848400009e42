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
from common.adapters import add_adapter, base_of, magnitude_name
from common.qwen_vl import old_name
from common.random_weights import randomise
from common.tensors import last_tokens, unit
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
    ids, lengths = stored["inputs.mixed.input_ids"].long(), stored["inputs.mixed.lengths"]
    grids = stored["inputs.mixed.grids"].long()
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return base_of(model)(
        input_ids=ids,
        attention_mask=mask,
        position_ids=stored["inputs.mixed.position_ids"].long(),
        pixel_values=stored["inputs.mixed.pixel_values"],
        image_grid_thw=torch.cat([torch.ones(len(grids), 1, dtype=torch.long), grids], 1),
        use_cache=False,
    ).last_hidden_state


@torch.no_grad()
def randomise_adapter(parameters):
    for name, parameter in parameters:
        if "magnitude" in name:
            parameter.mul_(1 + 0.3 * torch.randn_like(parameter))  # away from the norms that it begins with
        else:
            randomise(name, parameter)


def stored_name(name):
    return magnitude_name(name.replace(".default", ""))


def make(name, options):
    torch.manual_seed(11)
    stored = load_file(BASE / "expected.safetensors")
    before = {key: value.clone() for key, value in load_base().state_dict().items()}
    model = add_adapter(load_base(), options)
    trained = [(key, parameter) for key, parameter in model.named_parameters() if "lora_" in key]
    randomise_adapter(trained)
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = folder / "adapter_config.json"
    config.write_text(config.read_text().replace(f'"{BASE}"', "null") + "\n")

    hidden = final_hidden(model, stored)
    embeddings = unit(last_tokens(hidden, stored["inputs.mixed.lengths"].long()))
    seed = torch.randn_like(embeddings)
    (embeddings * seed).sum().backward()
    tensors = dict(hidden=hidden, embeddings=embeddings, seed=seed)
    tensors |= {f"gradients.{stored_name(key)}": parameter.grad for key, parameter in trained}
    merged = model.merge_and_unload()
    tensors["merged_hidden"] = final_hidden(merged, stored)
    changed = {key: value for key, value in merged.state_dict().items() if not torch.equal(value, before[key])}
    tensors |= {f"merged.{old_name(key)}": value for key, value in changed.items()}
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, folder / "expected.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)
    difference = (tensors["merged_hidden"] - hidden).abs().max().item()
    print(name, len(trained), "weights,", len(changed), "layers, merged differs by", difference)


if __name__ == "__main__":
    for name, options in ADAPTERS.items():
        make(name, options)
