"""The types of what the API says, each with its unit; None is unknown, never 0."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

Dollars = Annotated[str, Meta(description="US dollars, an exact decimal number as text.", examples=["0.0105275"])]
Tokens = Annotated[int, Meta(description="Tokens.")]
Count = Annotated[int, Meta(description="How many.", ge=0)]
Moment = Annotated[float, Meta(description="Seconds since 1970-01-01T00:00:00Z.")]
Seconds = Annotated[float, Meta(description="Seconds.")]
Ratio = Annotated[float, Meta(description="A share: 1 is all of it.")]


def dollars(amount: int) -> Dollars:
    """Return an amount in p$ as dollars."""
    text = f"{Decimal(amount).scaleb(-12):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dollars_if_known(amount: int | None) -> Dollars | None:
    """Return an amount in p$ as dollars; None: unknown."""
    return None if amount is None else dollars(amount)
