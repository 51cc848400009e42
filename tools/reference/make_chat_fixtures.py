"""Writes test/fixtures/chat/cases.json: chats as the transformers library lays them out with templates in the manner of the published models.

Run from the repository root: python tools/reference/make_chat_fixtures.py  (needs transformers 5, tokenizers, jinja2)
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

OUT = Path("test/fixtures/chat")

QWEN2 = """{% set image_count = namespace(value=0) %}{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system
You are a helpful assistant.<|im_end|>
{% endif %}<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}{{ message['content'] }}<|im_end|>
{% else %}{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}{% set image_count.value = image_count.value + 1 %}{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>
{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

QWEN3 = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].content is string %}
        {{- messages[0].content }}
    {%- else %}
        {%- for content in messages[0].content %}
            {%- if 'text' in content %}
                {{- content.text }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- set image_count = namespace(value=0) %}
{%- for message in messages %}
    {%- if message.role == "user" %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {%- if message.content is string %}
            {{- message.content }}
        {%- else %}
            {%- for content in message.content %}
                {%- if content.type == 'image' or 'image' in content or 'image_url' in content %}
                    {%- set image_count.value = image_count.value + 1 %}
                    {%- if add_vision_id %}Picture {{ image_count.value }}: {% endif -%}
                    <|vision_start|><|image_pad|><|vision_end|>
                {%- elif 'text' in content %}
                    {{- content.text }}
                {%- endif %}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {%- if message.content is string %}
            {{- message.content }}
        {%- else %}
            {%- for content in message.content %}
                {%- if 'text' in content %}
                    {{- content.text }}
                {%- endif %}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

MISTRAL = """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}{{ raise_exception('a system turn is not known') }}{% elif message['role'] == 'user' %}{{ '[INST] ' }}{# images first #}{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] }}{% endfor %}{{ ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'][0]['text'] | trim + eos_token }}{% endif %}{% endfor %}"""

VICUNA = """{% for message in messages %}
    {% if message['role'] == 'user' %}
{{ 'USER: ' }}{% for content in message['content'] %}{{ '<image>\\n' if content['type'] == 'image' else content['text'] }}{% endfor %}{{ ' ' }}
    {%- else %}
{{ message['role'] | upper + ': ' }}{{ message['content'][0]['text'] }}{{ ' ' }}
    {%- endif %}
{% endfor %}
{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"""

SMOL = """<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>
{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"""

TEMPLATES = dict(qwen2_vl=QWEN2, qwen3_vl=QWEN3, llava_next_mistral=MISTRAL, llava_next_vicuna=VICUNA, smolvlm=SMOL)


def text(words):
    return dict(type="text", text=words)


IMAGE = dict(type="image", image="picture.png")
CHATS = [
    [dict(role="user", content=[IMAGE, text("What is it?")])],
    [dict(role="user", content=[text("Compare "), IMAGE, text(" with "), IMAGE, text(".\n")]), dict(role="assistant", content=[text("  They are alike. ")])],
    [dict(role="user", content=[text("only words: <b> & 'quotes' {{ braces }} 日本")])],
    [dict(role="system", content=[text("Find the same object.")]), dict(role="user", content=[IMAGE])],
    [dict(role="user", content="as a string"), dict(role="assistant", content="yes"), dict(role="user", content="and more")],
]


def main():
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>")
    cases = []
    for name, template in TEMPLATES.items():
        for messages in CHATS:
            if isinstance(messages[0]["content"], str) and not name.startswith("qwen"):
                continue  # the others go through the letters
            for add in (False, True):
                shown = [dict(turn, content=[{k: v for k, v in part.items() if k != "image"} for part in turn["content"]] if isinstance(turn["content"], list) else turn["content"]) for turn in messages]
                try:
                    prompt = tokenizer.apply_chat_template(shown, chat_template=template, tokenize=False, add_generation_prompt=add)
                except Exception:  # what a template refuses is refused
                    prompt = None
                cases.append(dict(template=name, messages=messages, add_generation_prompt=add, prompt=prompt))
    OUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(templates=TEMPLATES, tokens=dict(bos_token="<s>", eos_token="</s>"), cases=cases), ensure_ascii=False, indent=1)
    (OUT / "cases.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
