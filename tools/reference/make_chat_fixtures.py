"""Makes test/fixtures/chat/expected.json: chat templates, messages, and the prompts that `transformers` makes of them.

Needs transformers and jinja2. Run from the repository's root:
  python tools/reference/make_chat_fixtures.py
"""

import json
from pathlib import Path

from transformers.utils.chat_template_utils import render_jinja_template

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}

TEMPLATES = {
    "marked turns, pictures in their places": (
        "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nBe brief.<|im_end|>\n{% endif %}"
        "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n"
        "{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' or 'image' in part %}<|vision_start|><|image_pad|><|vision_end|>"
        "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "brackets, pictures first": (
        "{{ bos_token }}{%- for message in messages -%}"
        "{%- if message.role == 'user' %}[INST] {% set parts = message.content if message.content is not string else [{'type': 'text', 'text': message.content}] -%}"
        "{%- for part in parts | selectattr('type', 'equalto', 'image') %}<image>\n{% endfor -%}"
        "{%- for part in parts if part.type == 'text' %}{{ part.text | trim }}{% endfor %} [/INST]"
        "{%- elif message.role == 'assistant' %} {{ message.content | trim }}{{ eos_token }}"
        "{%- else %}{{ raise_exception('Only user and assistant speak here.') }}{% endif %}{%- endfor -%}"
    ),
    "names and a namespace": (
        "{% set ns = namespace(pictures=0) %}{% for m in messages %}{{ m.role | capitalize }}{% if m.content is string %}: {{ m.content }}"
        "{% else %}{% if m.content[0]['type'] == 'image' %}:{% else %}: {% endif %}{% for line in m.content %}"
        "{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}{% set ns.pictures = ns.pictures + 1 %}<image>{% endif %}"
        "{% endfor %}{% endif %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}({{ ns.pictures }})"
    ),
}

TEXT = {"type": "text", "text": " What is  this?\n"}
IMAGE = {"type": "image"}
CHATS = {
    "text": [{"role": "user", "content": "A red apple"}],
    "picture and text": [{"role": "user", "content": [IMAGE, TEXT]}],
    "text between pictures": [{"role": "user", "content": [IMAGE, TEXT, IMAGE]}],
    "turns": [{"role": "user", "content": [TEXT]}, {"role": "assistant", "content": "A  pear. "}, {"role": "user", "content": "Sure?"}],
    "instruction": [{"role": "system", "content": "Find the \u0130zmir caf\u00e9 <|image_pad|>."}, {"role": "user", "content": [IMAGE]}],
}


def render(template: str, messages: list, add_generation_prompt: bool) -> str | None:
    try:
        rendered, _ = render_jinja_template([messages], chat_template=template, add_generation_prompt=add_generation_prompt, **TOKENS)
        return rendered[0]
    except Exception:  # a template that refuses the messages
        return None


def main() -> None:
    cases = [
        {"template": name, "chat": chat, "addGenerationPrompt": begins, "prompt": render(template, messages, begins)}
        for name, template in TEMPLATES.items()
        for chat, messages in CHATS.items()
        for begins in (False, True)
    ]
    assert any(case["prompt"] is None for case in cases)
    folder = Path("test/fixtures/chat")
    folder.mkdir(parents=True, exist_ok=True)
    made = {"tokens": TOKENS, "templates": TEMPLATES, "chats": CHATS, "cases": cases}
    (folder / "expected.json").write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(len(cases), "prompts")


main()
