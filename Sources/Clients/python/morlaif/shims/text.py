"""Plain prompts and answers out of what trainers hand over."""

from __future__ import annotations

import re
from typing import Any

_USER_TURNS = (
    # ChatML: Qwen, SmolLM.
    re.compile(r"<\|im_start\|>user\n(.*?)<\|im_end\|>", re.DOTALL),
    # Llama 3.
    re.compile(r"<\|start_header_id\|>user<\|end_header_id\|>\n\n(.*?)<\|eot_id\|>", re.DOTALL),
    # Gemma.
    re.compile(r"<start_of_turn>user\n(.*?)<end_of_turn>", re.DOTALL),
    # Llama 2, Mistral.
    re.compile(r"\[INST\]\s*(?:<<SYS>>.*?<</SYS>>\s*)?(.*?)\s*\[/INST\]", re.DOTALL),
)
_SPECIAL = re.compile(
    r"<\|[A-Za-z0-9_ ]+\|>|</?s>|<(?:bos|eos|pad|unk|end_of_turn)>|\[(?:PAD|EOS|BOS)\]"
)


def plain(text: str) -> str:
    """Text without special tokens and the blanks around it."""
    return _SPECIAL.sub("", text).strip()


def last_user_turn(templated: str) -> str:
    """The last thing the user says in a prompt that went through a chat template.

    A prompt that went through none, or through one not known here, is taken as it is, without special
    tokens.
    """
    for pattern in _USER_TURNS:
        if turns := pattern.findall(templated):
            return str(turns[-1]).strip()
    return plain(templated)


def answer(query: str, prompt: str) -> str:
    """What follows the prompt in a text of both, without special tokens.

    Raises:
        ValueError: when the text does not hold the prompt; a guess would reward the wrong words.
    """
    _, found, rest = query.partition(prompt)
    if not found:
        # Decoding may have put special tokens and blanks elsewhere than the prompt had them.
        stripped = plain(query)
        _, found, rest = stripped.partition(plain(prompt))
    if not found or not prompt:
        raise ValueError("the query does not hold its prompt, so the answer in it cannot be found")
    return plain(rest)


def of_message(content: Any) -> str:
    """The text of a message: a string, or a list of parts of which some are texts."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content or ())


def of_prompt(prompt: Any) -> str:
    """The plain prompt of a string or of a conversation.

    One user turn, with or without a system message, is that turn; a longer conversation is written out,
    since the preference models take one text.
    """
    if isinstance(prompt, str):
        return last_user_turn(prompt)
    turns = [message for message in prompt if message["role"] != "system"]
    if len(turns) == 1:
        return of_message(turns[0]["content"])
    return "\n\n".join(f"{m['role'].capitalize()}: {of_message(m['content'])}" for m in turns)


def of_completion(completion: Any) -> str:
    """The answer of a string or of a conversation's new messages."""
    if isinstance(completion, str):
        return plain(completion)
    said = [of_message(m["content"]) for m in completion if m["role"] == "assistant"]
    return "\n\n".join(said)
