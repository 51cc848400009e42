"""Tokenizers of Qwen's kind: byte-level, words and digits split apart, special tokens of pictures."""

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2TokenizerFast

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
CORPUS = ["Represent the user's input.", "Find the picture of this.", "a red apple on a table", "system user assistant\n", "What is it?\n", "0123456789"]
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def untrained_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def make_tokenizer():
    """With the letters of a small corpus only."""
    tokenizer = untrained_tokenizer()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=80, min_frequency=1, show_progress=False))
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return tokenizer


def fast(tokenizer):
    """As processors take it."""
    return Qwen2TokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token=None)


def marks_of(tokenizer):
    """Settings of a configuration: the tokens that stand for pictures."""
    names = dict(image_token_id="<|image_pad|>", video_token_id="<|video_pad|>", vision_start_token_id="<|vision_start|>", vision_end_token_id="<|vision_end|>")
    return {setting: tokenizer.token_to_id(token) for setting, token in names.items()}


def text_tokens_of(tokenizer, unused=0):
    """Settings of a text configuration, with `unused` rows behind the vocabulary."""
    end = tokenizer.token_to_id("<|endoftext|>")
    return dict(bos_token_id=end, eos_token_id=tokenizer.token_to_id("<|im_end|>"), pad_token_id=end, vocab_size=tokenizer.get_vocab_size() + unused)
