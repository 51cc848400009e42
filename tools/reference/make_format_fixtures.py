"""Makes test/fixtures/safetensors and test/fixtures/configs: files written by the reference implementations of safetensors and PEFT, with the values they hold.

Needs torch, safetensors, transformers and peft. Run from the repository's root: python tools/reference/make_format_fixtures.py
"""

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2VLConfig

FOLDER = Path("test/fixtures/safetensors")
CONFIGS = Path("test/fixtures/configs")

FLOATS = [0.0, -0.0, 1.0, -1.5, 3.14159274, 65504.0, 6.1e-5, 5.96e-8, 2.98e-8, -1e-3, 1 / 3, 1024.5]


def make_dtypes() -> None:
    floats = torch.tensor(FLOATS, dtype=torch.float64).reshape(3, 4)
    tensors = {
        "float64": floats,
        "float32": floats.to(torch.float32),
        "float16": floats.to(torch.float16),
        "bfloat16": floats.to(torch.bfloat16),
        "int64": torch.tensor([2**62, -(2**62), 0, 7]),
        "int32": torch.tensor([[2**31 - 1, -(2**31)], [0, 7]], dtype=torch.int32),
        "int16": torch.tensor([32767, -32768, 3], dtype=torch.int16),
        "int8": torch.tensor([127, -128, 3], dtype=torch.int8),
        "uint8": torch.tensor([255, 0, 3], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
    }
    save_file(tensors, FOLDER / "dtypes.safetensors", metadata={"format": "pt", "made by": "safetensors"})
    values = {name: [str(value.item()) for value in tensor.flatten()] for name, tensor in tensors.items()}
    (FOLDER / "dtypes.json").write_text(json.dumps(values, indent=1) + "\n")


def make_adapter() -> None:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
    )
    lora = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], use_rslora=True, init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(Qwen2ForCausalLM(config), lora).save_pretrained(FOLDER / "adapter")
    (FOLDER / "adapter" / "README.md").unlink(missing_ok=True)


def make_config() -> None:
    """A config.json of transformers 5: text_config and vision_config nested."""
    rope = {"rope_type": "default", "rope_theta": 500000.0, "mrope_section": [1, 1, 2]}
    text = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
    vision = dict(depth=1, embed_dim=16, num_heads=2, hidden_size=32, mlp_ratio=2, patch_size=8)
    tokens = dict(image_token_id=5, video_token_id=6, vision_start_token_id=3, vision_end_token_id=4)
    config = Qwen2VLConfig(
        text_config={**text, "rope_parameters": rope, "eos_token_id": 0, "bos_token_id": 0, "rms_norm_eps": 1e-6},
        vision_config=vision,
        tie_word_embeddings=True,
        **tokens,
    )
    (CONFIGS / "qwen2-vl-nested.json").write_text(config.to_json_string())


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    CONFIGS.mkdir(parents=True, exist_ok=True)
    make_dtypes()
    make_adapter()
    make_config()
