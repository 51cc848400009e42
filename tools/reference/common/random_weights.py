"""Models of random weights."""

import torch

WORD_EMBEDDINGS = ("embed_tokens.weight",)
# What is used as it lies, and not multiplied with: its noise keeps its size.
LOOKED_UP = (*WORD_EMBEDDINGS, "position_embedding.weight", "class_embedding", "image_newline")


def random_model(kind, config):
    """A model whose numbers follow from its configuration alone."""
    torch.manual_seed(7)
    model = kind._from_config(config, attn_implementation="eager").eval()
    randomise_all(model)
    return model


def randomise_all(model, looked_up=LOOKED_UP):
    for name, parameter in model.named_parameters():
        randomise(name, parameter, looked_up)


@torch.no_grad()
def randomise(name, parameter, looked_up=LOOKED_UP):
    """Every weight far from where it starts, norms and biases too, so that a forgotten or swapped one shows."""
    noise = torch.randn_like(parameter)
    if name.endswith(looked_up):
        parameter.copy_(noise)
    elif parameter.ndim == 1:
        parameter.copy_(noise * 0.3 + (1 if name.endswith(".weight") else 0))
    else:
        parameter.copy_(noise * parameter[0].numel() ** -0.5)
