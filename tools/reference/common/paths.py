"""Paths and their gradients, computed with the transformers library. Prefixes enter as its own key-value cache, so that positions begin at 0 behind
them, and they get no rotary embedding.

What `run_paths` adds to a fixture's tensors:
  paths.layers.*       prefixes of N paths [N, G, P, W]
  expected.paths.*     path embeddings of unit length [B, N, D]: without and with LoRA; `seed`, the gradient pulled back through them
  gradients.*          gradients of sum(seed * embeddings) by torch's autograd, with LoRA and prefixes, for every weight it reaches
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache

from .adapters import base_of, plain_name, write_random_adapter
from .tensors import last_tokens, put, unit

PATHS, PREFIX = 2, 3


@dataclass(frozen=True)
class PathCase:
    """A batch that paths are run on, and how: `final_hidden(model, batch, prefixes)` ends in `run_prefixed`."""

    batch: dict[str, Any]
    final_hidden: Callable[..., torch.Tensor]
    lora: dict[str, Any]
    stored_name: Callable[[str], str] = lambda name: name


def run_prefixed(model, arguments, prefixes=None):
    """[B, T, D] after the final norm; prefixes: one (keys, values) [G, P, W] per layer."""
    if prefixes is not None:
        mask = arguments["attention_mask"]
        rows, length = mask.shape[0], prefixes[0][0].shape[1]
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(prefixes):
            cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), layer)
        mask = torch.cat([torch.ones(rows, length, dtype=torch.long), mask], 1)
        arguments = arguments | dict(past_key_values=cache, attention_mask=mask)
    return base_of(model)(**arguments, use_cache=prefixes is not None, return_dict=True).last_hidden_state


def text_positions(batch):
    """[B, T], counted from 0 in every row."""
    rows, tokens = batch["input_ids"].shape
    return torch.arange(tokens).expand(rows, tokens)


def lengths_of(batch):
    return batch["attention_mask"].sum(1)


def head_width(config):
    text = config.text_config
    return getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads


def run_paths(model, case, folder, tensors):
    """Adds to `tensors`, and writes the adapter to `folder`/adapter."""
    prefixes = make_prefixes(model.config)
    check_prefixes(model, case, prefixes)
    with torch.no_grad():
        put(tensors, "expected.paths", embeddings=path_embeddings(model, case, prefixes))
    adapted = write_random_adapter(model, case.lora, folder / "adapter")
    wanted = dict(adapted.named_parameters())
    for tensor in [*wanted.values(), *prefixes.values()]:
        tensor.requires_grad_(True)
    embeddings = path_embeddings(adapted, case, prefixes)
    seed = torch.randn_like(embeddings)
    (embeddings * seed).sum().backward()
    put(tensors, "expected.paths", embeddings_with_lora=embeddings, seed=seed)
    for name, prefix in prefixes.items():
        layer, kind = name.split(".")
        put(tensors, "", **{f"paths.layers.{layer}.prefix_{kind}": prefix, f"gradients.paths.layers.{layer}.prefix_{kind}": prefix.grad})
    for name, parameter in wanted.items():
        if parameter.grad is not None:
            put(tensors, "gradients", **{case.stored_name(plain_name(name)): parameter.grad})


def path_embeddings(model, case, prefixes):
    """[B, N, D] of unit length, each path run by itself."""
    paths = [last_tokens(case.final_hidden(model, case.batch, of_path(prefixes, path)), lengths_of(case.batch)) for path in range(PATHS)]
    return unit(torch.stack(paths, 1))


def make_prefixes(config):
    text = config.text_config
    shape = [PATHS, text.num_key_value_heads, PREFIX, head_width(config)]
    return {f"{layer}.{kind}": torch.randn(shape) for layer in range(text.num_hidden_layers) for kind in ("keys", "values")}


def of_path(prefixes, path):
    """(keys, values) of each layer."""
    return [(prefixes[f"{layer}.keys"][path], prefixes[f"{layer}.values"][path]) for layer in range(len(prefixes) // 2)]


@torch.no_grad()
def check_prefixes(model, case, prefixes):
    """The cache does what is claimed: token 0 sees all prefix keys, at positions that do not count them."""
    seen = {}
    hook = model.get_decoder().layers[0].self_attn.register_forward_hook(lambda _, __, result: seen.update(weights=result[1]))
    case.final_hidden(model, case.batch, of_path(prefixes, 0))
    hook.remove()
    first = seen["weights"][:, :, 0]
    assert (first[..., : PREFIX + 1] > 0).all() and (first[..., PREFIX + 1 :] == 0).all()
