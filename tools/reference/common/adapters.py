"""Adapters of PEFT, and the names of weights inside a model that has one."""

import json

from peft import LoraConfig, get_peft_model

from .random_weights import randomise


def add_adapter(model, options):
    return get_peft_model(model, LoraConfig(**options, lora_dropout=0.0, bias="none")).eval()


def write_random_adapter(model, options, folder, scale=1):
    """Puts an adapter of random weights, times `scale`, on the model, and saves it."""
    adapted = add_adapter(model, options)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            randomise(name, parameter)
            parameter.data *= scale
    adapted.save_pretrained(folder)
    tidy(folder)
    return adapted


def tidy(adapter):
    """PEFT writes a set in arbitrary order, and a README with nothing to say."""
    (adapter / "README.md").unlink()
    file = adapter / "adapter_config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | dict(target_modules=sorted(config["target_modules"])), indent=2) + "\n")


def base_of(model):
    """The multimodal model itself, with or without PEFT around it."""
    return whole_of(model).model


def whole_of(model):
    """The model with its head, with or without PEFT around it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def plain_name(name):
    """The library's own name for a weight inside PEFT's model."""
    return name.removeprefix("base_model.model.").replace(".base_layer.", ".").replace(".default.", ".")


def magnitude_name(name):
    """The name of a magnitude of DoRA in PEFT's files."""
    return name.replace("lora_magnitude_vector.weight", "lora_magnitude_vector")
