"""What the fixtures of Qwen2-VL and of Qwen3-VL share: `write_fixtures` runs tiny models on the same cases, and writes for each
config.json and model.safetensors as the library saves them, adapter/ as PEFT saves it, and expected.safetensors:
  inputs.<case>.*      input_ids [B, T], lengths [B], position_ids [3, B, T], grids [images, 2], pixel_values [patches, patch length]
  expected.<case>.*    hidden [B, T, D] (after the final norm), cosines and sines [B, T, W], image_features, vision_cosines, vision_sines, logits
  and what common/paths.py says.
"""

import torch
from safetensors.torch import save_file

from .adapters import whole_of
from .files import write_model
from .paths import PathCase, head_width, lengths_of, run_paths, run_prefixed
from .tensors import pad_rows, put

IMAGE, VIDEO, START, END, EOS = 50, 51, 52, 53, 54
MARKS = dict(image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=START, vision_end_token_id=END)
TOKENS = dict(bos_token_id=EOS, eos_token_id=EOS, pad_token_id=EOS, vocab_size=EOS + 1)

# Each input: numbers are words, pairs are images of (rows, columns) merge blocks.
CASES = {
    "text": [[7, 3, 9, 9, 20, 1, 33]],
    "image": [[5, (2, 3), 8, 2, 30]],
    "uniform": [[(2, 2), 4, 1], [17, (2, 2), 6]],
    "mixed": [[3, (1, 2), 11, (3, 1), 9, 4], [21, 8], [(1, 4), 14, 2, 40, 41, 42, 43, 44, 12, 13, 15, 19], [2, 6, (2, 2)]],
}


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
    ids, mask = pad_rows(rows, EOS)
    batch = dict(input_ids=ids, attention_mask=mask, mm_token_type_ids=(ids == IMAGE).int())
    if grids:
        patches = sum(height * width for _, height, width in grids)
        batch |= dict(pixel_values=torch.randn(patches, patch_length(vision)), image_grid_thw=torch.tensor(grids))
    return batch


def patch_length(vision):
    return vision.in_channels * vision.temporal_patch_size * vision.patch_size**2


def positions(model, batch):
    if "image_grid_thw" not in batch:
        rows, tokens = batch["input_ids"].shape
        return torch.arange(tokens).expand(3, rows, tokens)
    return model.model.get_rope_index(
        batch["input_ids"], batch["mm_token_type_ids"], image_grid_thw=batch["image_grid_thw"], attention_mask=batch["attention_mask"]
    )[0]


def final_hidden(model, batch, prefixes=None):
    """[B, T, D], see `run_prefixed`."""
    arguments = {k: v for k, v in batch.items() if k != "mm_token_type_ids"} | dict(position_ids=positions(whole_of(model), batch))
    return run_prefixed(model, arguments, prefixes)


@torch.no_grad()
def run_case(model, case, tensors):
    batch = make_batch(model.config, case)
    place = positions(model, batch)
    put(tensors, f"inputs.{case}", input_ids=batch["input_ids"], lengths=lengths_of(batch), position_ids=place)
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
    model.model.visual(torch.zeros(int(grids.prod(-1).sum()), patch_length(model.config.vision_config)), grids)
    hook.remove()
    cosines, sines = seen["tables"]
    return cosines[:, : cosines.shape[1] // 2], sines[:, : sines.shape[1] // 2]


def old_name(name):
    """The name that checkpoints of Qwen2-VL use."""
    return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")


def write_fixtures(out, specs, make_model, stored_name=lambda name: name, run_more=None):
    """@param run_more adds to a case's tensors what one of the two alone has."""
    for name, spec in specs.items():
        folder = out / name
        model = make_model(spec)
        write_model(model, folder)
        tensors = {}
        for case in CASES:
            run_case(model, case, tensors)
            if run_more:
                run_more(model, case, tensors)
        batch = make_batch(model.config, "mixed") | dict(pixel_values=tensors["inputs.mixed.pixel_values"])
        run_paths(model, PathCase(batch, final_hidden, spec["lora"], stored_name), folder, tensors)
        save_file(tensors, folder / "expected.safetensors")
