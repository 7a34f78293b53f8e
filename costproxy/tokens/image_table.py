"""The packaged table of what pictures cost in tokens, by model and date."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from importlib import resources
from typing import Any

from costproxy.tokens.encodings import VocabularyError, route_and_base
from costproxy.tokens.picture_size import Size

_TILE = 512
_TILES_FIT_IN, _TILES_SHORT_SIDE = 2048, 768


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRow:
    """How the pictures of one family of models are counted from one day on."""

    model: str  # how the model's name begins
    since: date  # UTC, inclusive
    scheme: str  # "tile" or "patch"
    each: Decimal  # tokens of a tile or a patch
    base: int = 0  # tokens of every picture, tile only
    side: int = 32  # pixels, patch only
    most: int = 1536  # patches, patch only
    source: str

    def tokens(self, size: Size, *, low: bool) -> int:
        """Return the tokens of a picture; `low` is low detail, which only tile models know."""
        if self.scheme == "tile":
            return self.base if low else self.base + _tiles(size) * int(self.each)
        return int((_patches(size, self.side, self.most) * self.each).quantize(Decimal(1), ROUND_HALF_EVEN))


class ImageTable:
    """Rows by model and date."""

    def __init__(self, rows: Iterable[ImageRow]) -> None:
        self._rows = sorted(rows, key=lambda row: (-len(row.model), -row.since.toordinal()))

    def __repr__(self) -> str:
        return f"<ImageTable rows={len(self._rows)}>"

    def row(self, model: str, *, at: date | None = None) -> ImageRow | None:
        """Return the row for `model` on the day `at` (UTC; None: the newest); None if the model has none.

        A day before the first row gets the first: a model's name may be older than its row.
        """
        name = f"{route_and_base(model)[1].rpartition('anthropic.')[2]}-"
        family = next((row.model for row in self._rows if name.startswith(row.model)), None)
        rows = [row for row in self._rows if row.model == family]
        return next((row for row in rows if at is None or row.since <= at), rows[-1] if rows else None)


def packaged_images() -> ImageTable:
    """Return the table that came with the package.

    Raises:
        VocabularyError: the file is not there or not as it was packaged.
    """
    try:
        text = resources.files(__package__).joinpath("images.toml").read_text("utf-8")
        return ImageTable([_row(fields) for fields in tomllib.loads(text)["row"]])
    except (OSError, ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise VocabularyError(f"images.toml: {error!r}, expected the packaged file") from error


def _row(fields: Mapping[str, Any]) -> ImageRow:
    return ImageRow(**{**fields, "each": Decimal(fields["each"])})


def _tiles(size: Size) -> int:
    scale = min(1, _TILES_FIT_IN / max(size.width, size.height))
    width, height = size.width * scale, size.height * scale
    scale = min(1, _TILES_SHORT_SIDE / min(width, height))
    return math.ceil(round(width * scale, 6) / _TILE) * math.ceil(round(height * scale, 6) / _TILE)


def _patches(size: Size, side: int, most: int) -> int:
    patches = _cover(size.width, side) * _cover(size.height, side)
    if patches <= most:
        return patches
    shrink = math.sqrt(side * side * most / (size.width * size.height))
    across, down = size.width * shrink / side, size.height * shrink / side
    shrunk = min(math.floor(across) / across, math.floor(down) / down) if min(across, down) >= 1 else 1
    return max(1, min(most, math.ceil(round(across * shrunk, 6)) * math.ceil(round(down * shrunk, 6))))


def _cover(length: int, side: int) -> int:
    return -(-length // side)
