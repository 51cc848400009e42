"""The decoder block of bench/engine in PyTorch, run once per request.

Usage: bench_torch.py '{"threads": 2, "heads": 9, "keyValueHeads": 3, "epsilon": 1e-5, "tensors": "block.safetensors"}'
Reads JSON lines from stdin and answers each with one on stdout:
  {"run": "forward"}                         -> {"ms": time of one run}; also "lora" and "full", forward and backward
  {"run": "product", "size": 1024}           -> {"ms": ...} of one matrix product
  {"save": "full", "file": "x.safetensors"}  -> {"saved": file}: what a run computes; matrices are [in, out]
  {"memory": "full"}                         -> {"bytes": what weights, inputs and two runs add at their peak, null if it cannot be known}
"""

import functools
import json
import sys

import torch
import torch.nn.functional as F
from common.processes import status_bytes, timed
from safetensors.torch import load_file, save_file
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, a, b):
        super().__init__()
        self.base, self.a, self.b = base, a, b

    def forward(self, x):
        return self.base(x) + self.b(self.a(x))


def rotate(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Block(nn.Module):
    """One layer with weights from `tensors`; with `lora` only its LoRA matrices are trainable."""

    MATRICES = ("query", "key", "value", "output", "gate", "up", "down")

    def __init__(self, tensors, options, lora):
        super().__init__()
        self.heads, self.key_value_heads, self.epsilon = options["heads"], options["keyValueHeads"], options["epsilon"]
        self.named = {}

        def weight(part, trainable):
            tensor = tensors[f"layers.0.{part}"]
            parameter = nn.Parameter(tensor.T.contiguous() if tensor.ndim == 2 else tensor.clone(), requires_grad=trainable)
            if trainable:
                self.named[f"layers.0.{part}"] = parameter
            return parameter

        def linear(part, trainable):
            made = nn.Linear(1, 1, bias=False)
            made.weight = weight(part, trainable)
            return made

        self.attention_norm, self.feed_forward_norm = weight("attentionNorm", not lora), weight("feedForwardNorm", not lora)
        for part in self.MATRICES:
            setattr(self, part, linear(part, not lora))
        if lora:
            for part in ("query", "value"):
                a, b = (linear(f"{part}Lora{matrix}", True) for matrix in "AB")
                setattr(self, part, LoRALinear(getattr(self, part), a, b))

    def forward(self, x, cos, sin):
        batch, tokens, width = x.shape

        def split(y, heads):
            return y.view(batch, tokens, heads, width // self.heads).transpose(1, 2)

        normed = F.rms_norm(x, (width,), self.attention_norm, self.epsilon)
        query = rotate(split(self.query(normed), self.heads), cos, sin)
        key = rotate(split(self.key(normed), self.key_value_heads), cos, sin)
        value = split(self.value(normed), self.key_value_heads)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, tokens, width))
        normed = F.rms_norm(x, (width,), self.feed_forward_norm, self.epsilon)
        return x + self.down(F.silu(self.gate(normed)) * self.up(normed))


class Work:
    """Each kind of run, made ready when it is first asked for."""

    def __init__(self, options):
        self.options = options

    def run(self, kind):
        """Runs once; returns what was computed by name."""
        return self.forward() if kind == "forward" else self.backward(kind == "lora")

    def forward(self):
        block, x, tables = self.block(False), self.inputs["x"], self.tables  # made ready outside of inference mode, to serve all runs
        with torch.inference_mode():
            return {"y": block(x, *tables)}

    def backward(self, lora):
        block, x = self.block(lora), self.inputs["x"]
        block.zero_grad(set_to_none=True)
        x.grad = None
        loss = (block(x, *self.tables) * self.inputs["target"]).sum()
        loss.backward()
        gradients = {name: parameter.grad for name, parameter in {"x": x, **block.named}.items()}
        return {"loss": loss.detach(), **{f"gradient:{name}": gradient for name, gradient in gradients.items()}}

    @functools.cached_property
    def tensors(self):
        return load_file(self.options["tensors"])

    @functools.cached_property
    def inputs(self):
        return {"x": self.tensors["x"].requires_grad_(), "target": self.tensors["target"]}

    @functools.cached_property
    def tables(self):
        """Angles are the same for every input of the batch."""
        return tuple(self.tensors[name][:1, None] for name in ("cos", "sin"))

    @functools.cache
    def block(self, lora):
        return Block(self.tensors, self.options, lora)

    @functools.cache
    def operands(self, size):
        return torch.randn(size, size), torch.randn(size, size)


def save(results, file):
    turned = {name: x.T if name.startswith("gradient:layers") and x.ndim == 2 else x for name, x in results.items()}
    save_file({name: x.contiguous() for name, x in turned.items()}, file)
    return {"saved": file}


def added_memory(run):
    """Bytes of resident memory that two runs add at their highest point."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = status_bytes("VmRSS")
        run()
        run()
        return {"bytes": status_bytes("VmHWM") - before}
    except OSError:
        return {"bytes": None}


def answer(work, request):
    if "memory" in request:
        torch.ones(64, 64) @ torch.ones(64, 64)
        return added_memory(lambda: work.run(request["memory"]))
    if "save" in request:
        return save(work.run(request["save"]), request["file"])
    if request["run"] == "product":
        a, b = work.operands(request["size"])
        return {"ms": timed(lambda: torch.mm(a, b))[0]}
    return {"ms": timed(lambda: work.run(request["run"]))[0]}


def main():
    options = json.loads(sys.argv[1])
    torch.set_num_threads(options["threads"])
    work = Work(options)
    for line in sys.stdin:
        print(json.dumps({**answer(work, json.loads(line)), "torch": torch.__version__}), flush=True)


if __name__ == "__main__":
    main()
