"""A tokenizer of SmolLM's kind, with the tokens of Idefics3's images."""

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast


def make_tokenizer(places_are_tokens):
    """Byte-level. Without `places_are_tokens` the markers of tiles are words, as in the largest SmolVLM; then also no two line
    feeds are one token."""
    vocab = {byte: at for at, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("a", "t"), ("c", "at"), ("Ġ", "t"), ("e", "r"), ("r", "o")] + ([("Ċ", "Ċ")] if places_are_tokens else [])
    for left, right in merges:
        vocab[left + right] = len(vocab)
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    places = ["<global-img>", *[f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)]]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(places if places_are_tokens else [])]
    special += ["<fake_token_around_image>", "<image>", "<end_of_utterance>"]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|im_start|>", eos_token="<end_of_utterance>", unk_token="<|endoftext|>", pad_token="<|im_end|>"
    )
    fast.padding_side = "right"
    return fast


def end_tokens_of(tokenizer):
    """Settings of a text configuration."""
    return dict(bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
