"""A checkpoint of bench/backbones in PyTorch: embeds the same picture and text with transformers, in a process of its own.

Usage: bench_backbone_torch.py '{"folder": "...", "inputs": "inputs.safetensors", "dtype": "float32", "rounds": 3, "threads": 2}'
`inputs` holds inputIds [1, T], pixelValues [patches, width] and grid [1, 3]. Prints one line of JSON:
  {"openMs", "firstMs", "times": [ms], "peak": bytes resident at the highest point, "embedding": [...], "torch", "transformers"}
or {"missing": why} where transformers is not installed or does not know the model. What it has to complain about goes to stderr.
"""

import json
import sys

import torch
from common.processes import status_bytes, timed
from safetensors.torch import load_file


def main():
    options = json.loads(sys.argv[1])
    try:
        import transformers
        from transformers import Qwen2VLForConditionalGeneration
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))
        return
    torch.set_num_threads(options["threads"])
    dtype = getattr(torch, options["dtype"])
    open_ms, model = timed(lambda: Qwen2VLForConditionalGeneration.from_pretrained(options["folder"], dtype=dtype).eval())
    inputs = load_file(options["inputs"])
    ids = inputs["inputIds"].long()
    image_token = model.config.image_token_id
    arguments = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values": inputs["pixelValues"].to(dtype),
        "image_grid_thw": inputs["grid"].long(),
        "mm_token_type_ids": (ids == image_token).int(),
    }

    @torch.inference_mode()
    def embed():
        hidden = model.model(**arguments, use_cache=False).last_hidden_state[0, -1]
        return torch.nn.functional.normalize(hidden.float(), dim=-1)

    try:
        first_ms, embedding = timed(embed)
    except TypeError:  # versions before 5.2 work out by themselves which tokens are images
        del arguments["mm_token_type_ids"]
        first_ms, embedding = timed(embed)
    times = [timed(embed)[0] for _ in range(options["rounds"])]
    print(
        json.dumps(
            {
                "openMs": open_ms,
                "firstMs": first_ms,
                "times": times,
                "peak": status_bytes("VmHWM"),
                "embedding": embedding.tolist(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
