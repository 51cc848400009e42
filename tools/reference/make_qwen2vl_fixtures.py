"""Writes test/fixtures/qwen2-vl/<model>/: tiny random Qwen2-VL models and what the transformers library computes with them.

Run from the repository root: python tools/reference/make_qwen2vl_fixtures.py  (needs torch, transformers 5, peft, safetensors)

The cases and the names in expected.safetensors are in common/qwen_vl.py.
"""

from pathlib import Path

from common.qwen_vl import MARKS, TOKENS, old_name, write_fixtures
from common.random_weights import random_model
from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

OUT = Path("test/fixtures/qwen2-vl")

MODELS = {
    "small": {
        "text": dict(hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                     rms_norm_eps=1e-6, rope_parameters=dict(rope_type="default", rope_theta=1e6, mrope_section=[1, 1, 2])),
        "vision": dict(embed_dim=16, num_heads=2, depth=2, mlp_ratio=2, patch_size=4, spatial_merge_size=2, temporal_patch_size=2,
                       in_channels=3, hidden_size=32, hidden_act="quick_gelu"),
        "tied": False,
        "lora": dict(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj"]),
    },
    "odd": {
        "text": dict(hidden_size=36, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
                     rms_norm_eps=1e-3, rope_parameters=dict(rope_type="default", rope_theta=1e2, mrope_section=[3, 2, 1])),
        "vision": dict(embed_dim=12, num_heads=3, depth=1, mlp_ratio=3, patch_size=3, spatial_merge_size=3, temporal_patch_size=1,
                       in_channels=2, hidden_size=36, hidden_act="gelu_pytorch_tanh"),
        "tied": True,
        "lora": dict(r=2, lora_alpha=3, use_rslora=True, target_modules=["k_proj", "o_proj", "down_proj"]),
    },
}  # fmt: skip


def tiny_model(spec):
    config = Qwen2VLConfig(
        text_config=spec["text"] | TOKENS | dict(max_position_embeddings=64, tie_word_embeddings=spec["tied"]),
        vision_config=spec["vision"],
        tie_word_embeddings=spec["tied"],
        **MARKS,
    )
    return random_model(Qwen2VLForConditionalGeneration, config)


if __name__ == "__main__":
    write_fixtures(OUT, MODELS, tiny_model, old_name)
