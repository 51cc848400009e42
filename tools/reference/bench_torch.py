"""The decoder block of bench/engine in PyTorch, timed one run at a time on request.

Reads JSON lines from stdin, e.g. {"mode": "forward"}, and answers each with {"ms": time of one run}.
{"memory": true} answers {"peak_mib", "base_mib"} of this process. Usage: bench_torch.py '{"threads": 2, "batch": 16, ...}'.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-5)


class LoRALinear(nn.Module):
    def __init__(self, base, rank):
        super().__init__()
        self.base = base
        self.a = nn.Linear(base.in_features, rank, bias=False)
        self.b = nn.Linear(rank, base.out_features, bias=False)

    def forward(self, x):
        return self.base(x) + self.b(self.a(x))


def rotate(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Block(nn.Module):
    def __init__(self, width, heads, key_value_heads, hidden):
        super().__init__()
        self.heads, self.key_value_heads, self.head_width = heads, key_value_heads, width // heads
        key_value_width = self.head_width * key_value_heads
        self.attention_norm, self.feed_forward_norm = RMSNorm(width), RMSNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, key_value_width, bias=False)
        self.value = nn.Linear(width, key_value_width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin):
        batch, tokens, width = x.shape

        def split(y, heads):
            return y.view(batch, tokens, heads, self.head_width).transpose(1, 2)

        normed = self.attention_norm(x)
        query = rotate(split(self.query(normed), self.heads), cos, sin)
        key = rotate(split(self.key(normed), self.key_value_heads), cos, sin)
        value = split(self.value(normed), self.key_value_heads)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, tokens, width))
        normed = self.feed_forward_norm(x)
        return x + self.down(F.silu(self.gate(normed)) * self.up(normed))


def main():
    sizes = json.loads(sys.argv[1])
    torch.set_num_threads(sizes["threads"])
    torch.manual_seed(0)
    base_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    batch, tokens, width = sizes["batch"], sizes["tokens"], sizes["width"]
    half = width // sizes["heads"] // 2
    x, target = torch.randn(batch, tokens, width), torch.randn(batch, tokens, width)
    angles = torch.arange(tokens)[:, None] * 10000.0 ** (-torch.arange(half) / half)
    cos, sin = angles.cos()[None, None], angles.sin()[None, None]
    full, lora = (Block(width, sizes["heads"], sizes["keyValueHeads"], sizes["hidden"]) for _ in range(2))
    lora.requires_grad_(False)
    lora.query, lora.value = LoRALinear(lora.query, sizes["loraRank"]), LoRALinear(lora.value, sizes["loraRank"])

    def forward():
        with torch.inference_mode():
            full(x, cos, sin)

    def backward(block):
        block.zero_grad(set_to_none=True)
        (block(x, cos, sin) * target).sum().backward()

    modes = {"forward": forward, "lora": lambda: backward(lora), "full": lambda: backward(full)}
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    modes["matmul"] = lambda: torch.mm(a, b)
    for line in sys.stdin:
        request = json.loads(line)
        if "memory" in request:
            answer = {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "base_mib": base_mib}
        else:
            start = time.perf_counter()
            modes[request["mode"]]()
            answer = {"ms": (time.perf_counter() - start) * 1000}
        print(json.dumps({**answer, "torch": torch.__version__}), flush=True)


if __name__ == "__main__":
    main()
