"""What the demo's model says: sentences drawn at random, and arguments for the tools it calls."""

import random
import re
from typing import Any

from costproxy.demo.frames import Json

_SENTENCES = (
    "I looked at what you sent and there are two things worth changing.",
    "The order left our warehouse on Tuesday and should arrive within three days.",
    "That setting is under Account, then Billing, and takes effect at the next invoice.",
    "Please try again with a fresh session; the old one keeps a stale token.",
    "Here is a shorter way to write the same thing, with the edge case covered.",
    "The test fails because the clock is read twice and the two values differ.",
    "I would keep the function small and pass the time in as an argument.",
    "You can return the item free of charge, the label is in your confirmation mail.",
    "Nothing in the log points at the database, so I would look at the queue first.",
    "In short: yes, but only from the second month on.",
    "Let me know whether that solves it, otherwise we go one level deeper.",
    "Schöne Grüße aus dem Lager, das Paket ist unterwegs.",
)
_WORD = re.compile(r"\S+\s*")


def reply_text(chance: random.Random) -> str:
    """Return one to six sentences."""
    return " ".join(chance.choices(_SENTENCES, k=chance.randint(1, 6)))


def words(text: str) -> list[str]:
    """Return the pieces in which a text is streamed: its words with the space after them."""
    return _WORD.findall(text)


def argument_values(tool: Json, chance: random.Random) -> dict[str, Any]:
    """Return arguments that fit a tool's schema in kind; keys without a known type get a text."""
    schema = tool.get("function", {}).get("parameters") or {}
    properties = schema.get("properties") or {}
    return {name: _value(each if isinstance(each, dict) else {}, chance) for name, each in properties.items()}


def _value(schema: dict[str, Any], chance: random.Random) -> Any:
    if schema.get("enum"):
        return chance.choice(schema["enum"])
    table: dict[str, Any] = {
        "integer": chance.randint(1, 400),
        "number": chance.randint(1, 400) / 4,
        "boolean": chance.random() < 0.5,
        "array": [],
        "object": {},
    }
    return table.get(str(schema.get("type")), chance.choice(("src/queue.py", "src/clock.py", "tests/test_queue.py")))
