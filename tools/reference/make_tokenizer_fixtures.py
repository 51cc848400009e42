"""Makes test/fixtures/tokenizer: a corpus, texts, and what the reference implementation makes of them.

Needs tokenizers and transformers. Run from the repository's root in this order:
  python tools/reference/make_tokenizer_fixtures.py corpus     writes corpus.json and texts.json
  npx tsx tools/reference/train-tokenizer-fixture.ts           trains Polyvec's tokenizer.json on the corpus
  python tools/reference/make_tokenizer_fixtures.py expected   writes merges.json (the reference's trainer) and ids.json (its encoder)
"""

import json
import random
import sys
from pathlib import Path

from common.files import write_rows
from common.qwen_tokenizer import untrained_tokenizer
from tokenizers import Tokenizer, pre_tokenizers, trainers

FOLDER = Path("test/fixtures/tokenizer")
VOCAB_SIZE = 480
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]

COLOURS = ["red", "green", "blue", "dark brown", "pale yellow", "gelb", "vert foncé", "красный", "赤い", "🟣"]
THINGS = ["apple", "grinning face", "cat with tears of joy", "Straßenbahn", "crème brûlée", "кошка", "りんご", "flag: Côte d’Ivoire", "1st place medal", "👩‍🚀"]
FRAMES = [
    "a {c} {t}",
    "Find the same object: {t}, drawn in {c}.",
    "Question: what colour is the {t}?\nAnswer: {c}",
    "It's the {t}'s turn; they're {c} and we've {n} of them, don't we?",
    "{t} ({c}), {n}%  --  see https://example.org/{n}/{t}",
    "\t{c}\t{t}\r\n\r\n  {n}",
]
BY_HAND = [
    "", " ", "  ", "\n", "a", "A", "Hello, world!", "  leading and trailing  ", "tabs\tand\nlines\r\nand  \n  more", "I'M YOU'RE He'Ll", "12345 3.14 1,000",
    "naïve café", "cafe\u0301", "\u212b\u00c5A\u030a", "한국어 텍스트", "\u1112\u1161\u11ab", "日本語のテキスト", "中文字符", "العربية", "עברית", "हिन्दी", "ไทย", "😀", "👩‍👩‍👧‍👦 family",
    "🏳️‍🌈", "🇩🇪🇫🇷", "a😀b", "❤️ ❤", "x²+y₂=½", "™©®", "𝒳𝕐", "\u00a0nbsp\u2003em", "zero\u200bwidth", "\ufeffbom", "line\u2028sep", "nel\u0085x", "e\u0301\u0301", "ﬁ ligature",
    "<|im_start|>user\nhi<|im_end|>", "<|vision_start|><|image_pad|><|image_pad|><|vision_end|>Describe.", "a<|endoftext|>", "<|unknown|>", "< |endoftext|>", "--- *** ___ ///",
    "snake_case camelCase kebab-case", "{\"json\": [1, 2]}", "\\n \\t \\\\", "ſharp'ſ", "İstanbul ıI", "ΑΣΣΟΣ ς", "\u0000null", "\x7f\x1b[0m", "a" * 200, "ab" * 150,
]  # fmt: skip


def make_corpus() -> None:
    random.seed(0)
    lines = [
        random.choice(FRAMES).format(c=random.choice(COLOURS), t=random.choice(THINGS), n=random.randint(0, 2000)) for _ in range(400)
    ]
    (FOLDER / "corpus.json").write_text(json.dumps(lines, ensure_ascii=False, indent=0) + "\n")
    ranges = [(0x20, 0x7E)] * 4 + [(0xA0, 0x24F), (0x370, 0x52F), (0x300, 0x36F), (0x3040, 0x30FF), (0x4E00, 0x4FFF), (0x1F300, 0x1F64F), (0x2000, 0x206F)]
    noise = ["".join(chr(random.randint(*random.choice(ranges))) for _ in range(random.randint(1, 24))) for _ in range(250)]
    texts = BY_HAND + noise + random.sample(lines, 60)
    (FOLDER / "texts.json").write_text(json.dumps(texts, indent=0) + "\n")


def make_expected() -> None:
    corpus = json.loads((FOLDER / "corpus.json").read_text())
    reference = untrained_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE - len(SPECIAL), min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    reference.train_from_iterator(corpus, trainer)
    merges = json.loads(reference.to_str())["model"]["merges"]
    (FOLDER / "merges.json").write_text(json.dumps([" ".join(pair) for pair in merges], ensure_ascii=False, indent=0) + "\n")

    ours = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    texts = json.loads((FOLDER / "texts.json").read_text())
    encoded = [ours.encode(text, add_special_tokens=False).ids for text in texts]
    decoded = [ours.decode(ids) for ids in encoded]
    write_rows(FOLDER / "ids.json", [{"ids": ids, "decoded": text} for ids, text in zip(encoded, decoded)])


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_corpus() if sys.argv[1] == "corpus" else make_expected()
