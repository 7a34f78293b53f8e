"""The kinds of value that prices and percentages have: read digit by digit, as they were written."""

import re
from decimal import Decimal
from functools import partial

from costproxy.settings.kinds import Kind
from costproxy.settings.refusal import RefusedError
from costproxy.settings.toml_file import WrittenFloat

_AMOUNT = r"[0-9]{1,6}(?:\.[0-9]{1,12})?"
_EACH = re.compile(_AMOUNT)
_PRICE = re.compile(rf"{_AMOUNT}(?:, {_AMOUNT} above [0-9]{{1,12}})*")
_PERCENT = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,6})?")


def written(value: object) -> str | None:
    """Return the plain digits of a number or text as somebody wrote it, `None` for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**9 else None
    if not isinstance(value, float):
        return None
    text = value.text if isinstance(value, WrittenFloat) else repr(value)
    number = Decimal(text)
    return format(number, "f") if number.is_finite() and abs(number.adjusted()) < 20 else None


def _read_price(pattern: re.Pattern[str], expected: str, value: object) -> str:
    text = written(value)
    if text is None or not pattern.fullmatch(text):
        raise RefusedError(expected)
    return text


def _price(pattern: re.Pattern[str], expected: str) -> Kind:
    return Kind(expected=expected, metavar="DOLLARS", read=partial(_read_price, pattern, expected))


def _read_percent(most: int, expected: str, value: object) -> Decimal:
    text = written(value)
    if text is None or not _PERCENT.fullmatch(text) or Decimal(text) > most:
        raise RefusedError(expected)
    return Decimal(text)


def percent(most: int) -> Kind:
    """Return the kind of percentages from 0 to `most`, both included."""
    expected = f"a percentage from 0 to {most}"
    return Kind(expected=expected, metavar="PERCENT", read=partial(_read_percent, most, expected))


PRICE = _price(_PRICE, 'a price such as 2.5 or "2.5, 5 above 272000"')  # $ per million tokens
EACH = _price(_EACH, "a price such as 0.005")  # $
