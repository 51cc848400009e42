"""A tokenizer of Llama's kind, with the token of LLaVA-NeXT's images."""

import json

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

BOS, EOS, IMAGE, VOCABULARY = 1, 2, 320, 330

CORPUS = [
    "a red apple on a table", "find the same object", "what is in the image?", "Represent the given image with the following question:",
    "café 42 cats & dogs", "[INST] \nWhat is shown? [/INST]", "USER: ASSISTANT:",
]  # fmt: skip


def make_tokenizer():
    """Pieces with byte fallback, each text begins with a space, special tokens stand for themselves."""
    trained = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.pre_tokenizer = pre_tokenizers.Metaspace(split=True, prepend_scheme="never")
    special = ["<unk>", "<s>", "</s>", *[f"<0x{byte:02X}>" for byte in range(256)]]
    trained.train_from_iterator(CORPUS * 3, trainers.BpeTrainer(vocab_size=IMAGE, special_tokens=special, show_progress=False))
    parts = json.loads(trained.to_str())
    added = [token for token in parts["added_tokens"] if token["id"] <= EOS]
    added += [dict(added[0], id=IMAGE + at, content=content) for at, content in enumerate(["<image>", "<pad>"])]
    strip = dict(type="Strip", content=" ", start=1, stop=0)
    decoders = [dict(type="Replace", pattern=dict(String="▁"), content=" "), dict(type="ByteFallback"), dict(type="Fuse"), strip]
    begin = dict(SpecialToken=dict(id="<s>", type_id=0))
    first, second = dict(Sequence=dict(id="A", type_id=0)), dict(Sequence=dict(id="B", type_id=1))
    parts |= dict(
        added_tokens=added,
        pre_tokenizer=None,
        decoder=dict(type="Sequence", decoders=decoders),
        post_processor=dict(
            type="TemplateProcessing", single=[begin, first], pair=[begin, first, second], special_tokens={"<s>": dict(id="<s>", ids=[BOS], tokens=["<s>"])}
        ),
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(parts)), bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
        extra_special_tokens=dict(image_token="<image>"),
    )  # fmt: skip
    fast.padding_side = "right"
    return fast
