"""Tensors for files of expected results."""

import torch


def put(tensors, prefix, **named):
    """Adds copies, by `prefix.name`; whole numbers as int32."""
    for name, tensor in named.items():
        tensor = tensor.detach().clone().contiguous()
        tensors[f"{prefix}.{name}".lstrip(".")] = tensor.int() if tensor.dtype == torch.long else tensor


def pad_rows(rows, padding):
    """Token ids [B, T] of rows padded on the right, and their mask."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [padding] * (longest - len(row)) for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])


def last_tokens(hidden, lengths):
    """[B, D] of [B, T, D]: each row's last token."""
    return hidden[torch.arange(len(lengths)), lengths - 1]


def unit(vectors):
    return torch.nn.functional.normalize(vectors, dim=-1)


def to_levels(values, mean, std, tolerance=1e-4):
    """The bytes that normalised pixel values [N, 3, ...] were made from."""
    mean, std = (torch.tensor(channels, dtype=torch.float64).reshape(1, 3, *[1] * (values.ndim - 2)) for channels in (mean, std))
    levels = (values.double() * std + mean) * 255
    assert (levels - levels.round()).abs().max() < tolerance
    return levels.round().to(torch.uint8)


def count_weights(*modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())
