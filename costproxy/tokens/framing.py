"""What a model's chat format adds to the texts of a request, by family of models.

Sources: the OpenAI cookbook ("How to count tokens with tiktoken"), `docs/format.md` of openai/harmony, the public
token counters built on them, and the differences to recorded bills, structure by structure.
"""

from dataclasses import dataclass
from types import MappingProxyType

from costproxy.tokens.encodings import encoding_name, route_and_base


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """The tokens around the texts, in one family of models."""

    per_message: int = 3  # start, end and separator; the role is one token more
    role: int = 1  # every role is a single token
    per_name: int = 1  # a message's `name`, beside the name's own tokens
    priming: int = 3  # what invites the reply, once
    hidden: int = 0  # a system message that the format writes itself, once
    assistant: int = 0  # the channel that an assistant's text is in
    harmony: bool = False  # tool calls and definitions as harmony writes them; False: as ChatML does
    typescript: bool = True  # tool definitions as a TypeScript namespace; False: as the JSON they were sent in
    functions_header: int = 9  # around the tool definitions, once
    functions_beside_system: int = -4  # they share the message of the instructions, where there are any
    per_function: int = 0  # each one that has properties
    functions_extra: int = 0  # Chat Completions only: instructions about tools that are not in the definitions


_CHATML = Framing()
_CHATML_O200K = Framing(per_function=-1)
# harmony ends the prompt before the channel, which the model writes itself: one token less than ChatML. What
# functions cost beyond the definitions differs between the APIs and was only seen for Chat Completions.
_HARMONY = Framing(priming=2, assistant=2, harmony=True, functions_extra=81)


def _other(
    *, per_message: int = 3, role: int = 1, priming: int = 3, hidden: int = 0, functions_extra: int = 0
) -> Framing:
    """Return the framing of a model that is shown tools as JSON, after instructions of `functions_extra` tokens."""
    return Framing(
        per_message=per_message,
        role=role,
        priming=priming,
        hidden=hidden,
        typescript=False,
        functions_header=0,
        functions_beside_system=0,
        functions_extra=functions_extra,
    )


_FAMILIES = MappingProxyType(
    {
        "gpt-3.5-turbo-0301-": Framing(per_message=4, per_name=-1),
        "gpt-3.5-": _CHATML,
        "gpt-35-": _CHATML,
        "gpt-4-": _CHATML,
        "gpt-4o-": _CHATML_O200K,
        "chatgpt-4o-": _CHATML_O200K,
        "gpt-4.": _CHATML_O200K,
        "gpt-5-": _HARMONY,
        "gpt-5.": _HARMONY,
        "gpt-6": _HARMONY,
        "o1-": _HARMONY,
        "o3-": _HARMONY,
        "o4-": _HARMONY,
        "gpt-oss-": Framing(priming=2, assistant=2, harmony=True, hidden=61, functions_extra=20),
    }
)
# Starting points for models whose vocabulary is not known, rounded from a few bills each and from their public
# chat templates; what they bill is then learned. Found anywhere in a name, the longest first.
_OTHERS = MappingProxyType(
    {
        "claude": _other(functions_extra=500),
        "deepseek": _other(per_message=0, functions_extra=230),
        "glm": _other(priming=1, functions_extra=120),
        "grok": _other(per_message=2, priming=0, functions_extra=135),
        "grok-4.3": _other(hidden=186),
        "llama": _other(functions_extra=120),
        "llama-3.1": _other(hidden=28, functions_extra=120),
        "llama-3.2": _other(hidden=28, functions_extra=120),
        "llama-3.3": _other(hidden=28, functions_extra=120),
        "llama-4": _other(functions_extra=600),
        "magistral": _other(hidden=8, functions_extra=20),
        "ministral": _other(hidden=8, functions_extra=20),
        "mistral": _other(hidden=8, functions_extra=20),
        "qwen": _other(functions_extra=120),
        "sonar": _other(per_message=0, role=0, priming=1),
    }
)


def framing_of(model: str) -> Framing:
    """Return the framing of `model`; of names that are not known, that of gpt-4o, since most formats resemble it."""
    _, base = route_and_base(model)
    name = f"{base}-"
    known = [prefix for prefix in _FAMILIES if name.startswith(prefix)]
    if known:
        return _FAMILIES[max(known, key=len)]
    others = [word for word in _OTHERS if word in name]
    return _OTHERS[max(others, key=len)] if others else _CHATML_O200K


def is_known(model: str) -> bool:
    """Tell whether both the vocabulary and the framing of `model` are its own, and no stand-ins."""
    return encoding_name(model).known
