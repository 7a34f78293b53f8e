"""Recorded traffic, which is kept outside the project: `COSTPROXY_DATA` names its folder.

Without it the tests that need it are skipped, and say so; none fails.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import ROOT

VARIABLE = "COSTPROXY_DATA"
_USUAL_PLACE = ROOT.parent / "shared" / "data"
_APIS = {"openai-responses": "responses", "anthropic": "messages"}  # folders of one API only


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded reply, and what is known of its request."""

    name: str  # "openai/o01-error-429"
    provider: str  # the folder it lies in
    body: bytes  # decoded, even where `headers` name an encoding
    status: int
    path: str  # of the request; "" if that is unknown
    is_stream: bool  # whether it was recorded as an event stream
    request: Mapping[str, Any]  # its body; {} if that is unknown or no object

    @property
    def is_chat(self) -> bool:
        """Whether it answers a chat completion."""
        return self.path.endswith("/chat/completions") if self.path else b'"chat.completion' in self.body

    @property
    def api(self) -> str:
        """The API it answers, "" if that is none that is metered."""
        if self.is_chat:
            return "chat"
        if not self.path:
            return _APIS.get(self.provider, "")
        return next((api for api in _APIS.values() if self.path.endswith(f"/{api}")), "")


def recordings() -> tuple[Recording, ...]:
    """Return all recorded replies in order of their names; without the data, skip the test that asks."""
    return _recordings(needed("vectors"))


def stated_costs() -> Iterator[dict[str, Any]]:
    """Yield `{"host", "model", "path", "usage", "stated_cost_usd", …}` of replies that stated their own cost."""
    with needed("cost-oracle.jsonl").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def needed(name: str) -> Path:
    """Return a file or folder of the data; without it, skip the test or the module that asks."""
    path = Path(os.environ.get(VARIABLE) or _USUAL_PLACE) / name
    if not path.exists():
        pytest.skip(f"recorded data is missing: {VARIABLE} names no folder with {name}", allow_module_level=True)
    return path


@cache
def _recordings(folder: Path) -> tuple[Recording, ...]:
    return tuple(_recording(folder, meta) for meta in sorted(folder.glob("*/*.meta.json")))


def _recording(folder: Path, meta: Path) -> Recording:
    facts = json.loads(meta.read_text(encoding="utf-8"))
    stem = meta.name.removesuffix(".meta.json")
    body = next(path for path in meta.parent.iterdir() if path.stem == stem and path != meta)
    request = facts["request_body"]
    return Recording(
        name=meta.parent.joinpath(stem).relative_to(folder).as_posix(),
        provider=meta.parent.name,
        body=body.read_bytes(),
        status=facts["status"] or 200,
        path=facts["path"] or "",
        is_stream=body.suffix == ".sse",
        request=request if isinstance(request, dict) else {},
    )
