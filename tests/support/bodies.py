"""Chat requests as applications really write them: odd spacing, doubled keys, numbers and escapes of every spelling."""

import json
import random
from collections.abc import Callable, Iterator

_NUMBERS = ("1e3", "1E400", "-0", "-0.0", "1.0", "0.10", "1e-7", "12345678901234567890123", "0")
_STRINGS = (
    *(r'"plain"', r'"\u00e9\ud83d\ude00"', r'"\/ \b\f\n\r\t \" \\"', '"caf\u00e9 \u4f60\u597d"', r'"\ud800"', '""'),
    *('"data: {\\"stream\\":true}"', '"stream_options\\":{"', '"}"', '"\u2028\u2029\u007f"'),
)
_ROLES = ('"system"', '"user"', '"assistant"', '"tool"', '"developer"', '"a_role_of_tomorrow"')
_STREAMS = (None, "true", "false", "null", '"true"', "1")
_OPTIONS = (
    *(None, None, None, "{}", "{ }", '{"include_usage":true}', '{"include_usage":false}', '{"include_usage":null}'),
    *('{"include_obfuscation":false}', '{ "x":{"include_usage":true} }', "null", '"on"', "[]", "7"),
    *('{"include_usage":"yes"}', '{"include_usage":1,"include_usage":true}'),
)
_BLANKS = ("", "", "", " ", "  ", "\n", "\t", "\r\n\t ")


def odd_bodies(count: int, seed: int) -> Iterator[bytes]:
    """Yield that many chat request bodies; the same seed gives the same."""
    dice = random.Random(seed)
    for _ in range(count):
        text = _object(dice, _members(dice))
        yield (dice.choice(_BLANKS) + text + dice.choice(_BLANKS)).encode()


def _members(dice: random.Random) -> list[tuple[str, str]]:
    members = [('"model"', '"gpt-4o-mini"'), ('"messages"', _array(dice, _message, dice.randint(0, 5)))]
    members += [(f'"x_{dice.randint(0, 9)}"', _value(dice)) for _ in range(dice.randint(0, 4))]
    members += [('"temperature"', dice.choice(_NUMBERS)) for _ in range(dice.randint(0, 2))]
    if dice.random() < 0.3:
        members.append(('"tools"', _array(dice, _tool, 20)))
    for name, choices in (('"stream"', _STREAMS), ('"stream_options"', _OPTIONS)):
        value = dice.choice(choices)
        members += [(name, value)] if value is not None else []
    if dice.random() < 0.2:
        members.append(('"stream"', dice.choice(("true", "false"))))
    dice.shuffle(members)
    return members


def _message(dice: random.Random) -> str:
    return _object(dice, [('"role"', dice.choice(_ROLES)), ('"content"', _value(dice))])


def _tool(dice: random.Random) -> str:
    function = _object(dice, [('"name"', '"f"'), ('"parameters"', _value(dice)), ('"stream"', "true")])
    return _object(dice, [('"type"', '"function"'), ('"function"', function)])


def _value(dice: random.Random, depth: int = 0) -> str:
    kind = dice.randint(0, 5 if depth < 3 else 3)
    if kind == 4:
        return _array(dice, lambda d: _value(d, depth + 1), dice.randint(0, 3))
    if kind == 5:
        keys = (dice.choice((*_STRINGS, '"stream"', '"stream_options"')) for _ in range(dice.randint(0, 3)))
        return _object(dice, [(key, _value(dice, depth + 1)) for key in keys])
    return (dice.choice(_NUMBERS), dice.choice(_STRINGS), "null", json.dumps("x" * dice.randint(0, 500)))[kind]


def _array(dice: random.Random, item: Callable[[random.Random], str], count: int) -> str:
    return "[" + _spaced(dice, [item(dice) for _ in range(count)]) + "]"


def _object(dice: random.Random, members: list[tuple[str, str]]) -> str:
    pairs = [f"{key}{dice.choice(_BLANKS)}:{dice.choice(_BLANKS)}{value}" for key, value in members]
    return "{" + _spaced(dice, pairs) + "}"


def _spaced(dice: random.Random, items: list[str]) -> str:
    return ",".join(f"{dice.choice(_BLANKS)}{item}{dice.choice(_BLANKS)}" for item in items)
