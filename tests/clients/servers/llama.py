"""A real inference server, llama.cpp's own, with a model that is made on the spot."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.clients.servers.account import Account
from tests.clients.servers.tiny_model import CONTEXT, write_tiny_model
from tests.support.child import bare_environment, child, line_with


class Llama:
    """A running server."""

    # `timings` is no part of the API; it stands in the chunk that has the usage, if usage was asked for.
    # The last is what a library calls the id.
    passing = frozenset({"id", "created", "timings", "provider_response_id"})

    def __init__(self, url: str) -> None:
        self.url = url
        self._since: dict[str, int] = {}

    async def forget(self) -> None:
        self._since = await self._totals()

    async def account(self) -> Account:
        totals = await self._totals()
        uncached, cached, completion = (
            totals[name] - self._since.get(name, 0)
            for name in ("prompt_tokens", "prompt_tokens_cached", "tokens_predicted")
        )
        return Account(prompt=uncached + cached, cached=cached, completion=completion)

    async def _totals(self) -> dict[str, int]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as answer:
            families = text_string_to_metric_families(await answer.text())
        samples = (sample for family in families for sample in family.samples)
        return {each.name.removeprefix("llamacpp:").removesuffix("_total"): int(each.value) for each in samples}


@contextmanager
def running_llama(folder: Path) -> Iterator[Llama]:
    """Make the model in `folder`, and serve it."""
    model, errors = folder / "tiny.gguf", folder / "stderr.txt"
    write_tiny_model(model)
    command: list[str | Path] = [sys.executable, "-m", "tests.clients.servers.llama_main", model, str(CONTEXT)]
    with child(command, env=bare_environment(folder, {"HF_HUB_OFFLINE": "1"}), errors=errors) as running:
        yield Llama(line_with(running, r"(?<=listening on )http://127\.0\.0\.1:\d+", errors=errors)[0])
