"""What the people and programs of the demo say to the model."""

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from costproxy.demo.frames import Json

SUPPORT = "You are the support desk of a mail-order shop for bicycle parts. Be brief and kind. "

# Long enough, at over 1,024 tokens, for the provider's prompt cache to take part.
CODING = "You are a coding agent. Work in small steps, read before you write, run the tests.\n" + "\n".join(
    f"{number}. {rule}"
    for number, rule in enumerate(
        (
            "Read a file in full before you change it, and say which lines you rely on when you explain a change.",
            "Prefer the smallest change that makes the failing test pass; leave unrelated code exactly as it is.",
            "Run the whole test suite after every change and report the first failure with its full message.",
            "Never guess the name of a function or an option; search for it, then open the place that defines it.",
            "When two readings of a request are possible, take the simpler one and say so in one sentence.",
            "Keep functions small, name things after what they are, and write comments only to say why.",
        )
        * 8,
        start=1,
    )
)

CONCERNS = (
    "My order {number} has not arrived. It was due last week.",
    "Which chain fits the ten-speed cassette of order {number}?",
    "I was charged twice for order {number}, can you check that?",
    "How do I return the saddle from order {number}?",
    "Can I still change the address of order {number}?",
)

FOLLOW_UPS = (
    "Thanks. And how long does that take?",
    "I do not quite follow, can you explain it in other words?",
    "I tried that and it still says the same thing as before.",
    "Could you send that to my second address instead? It is the one in the profile.",
    "What would it cost me if I did it the other way round?",
    "One more thing: does the same go for the parts that I bought together with it?",
)

CHORES = (
    "Ticket {number}: the queue loses its last item on shutdown. Find out why and fix it.",
    "Ticket {number}: make the clock injectable everywhere and adapt the tests.",
    "Ticket {number}: the report is off by one day around midnight. Reproduce it first.",
)

LABELS = "Answer with one word, positive or negative: review {number}, `the brakes squeal but they hold`."

_PARAMETERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "read_file": {"path": "string", "line": "integer"},
        "run_tests": {"path": "string", "verbose": "boolean"},
        "search": {"pattern": "string"},
    }
)


def tools() -> list[Json]:
    """Return the coding agent's tools as a request offers them."""
    return [_tool(name, parameters) for name, parameters in _PARAMETERS.items()]


def _tool(name: str, parameters: Mapping[str, str]) -> Json:
    properties = {each: {"type": kind} for each, kind in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "type": "function",
        "function": {"name": name, "description": name.replace("_", " "), "parameters": schema},
    }


def said(role: str, text: str, **more: Any) -> dict[str, Any]:
    """Return a message."""
    return {"role": role, "content": text, **more}


def opening(chance: random.Random, texts: tuple[str, ...]) -> dict[str, Any]:
    """Return a user's first message, with a number that no other thread has."""
    return said("user", chance.choice(texts).format(number=chance.randint(10_000_000, 99_999_999)))


def file_dump(chance: random.Random, lines: int) -> str:
    """Return something like the numbered lines of a source file, about ten tokens each."""
    names = ("queue", "clock", "worker", "ledger", "socket", "buffer")
    return "\n".join(
        f"{number:4}  {chance.choice(names)}.{chance.choice(names)} = {chance.randint(0, 9999)}"
        for number in range(1, lines + 1)
    )
