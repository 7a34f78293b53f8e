"""A proxy in front of a fake upstream that answers with recorded replies."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from costproxy.app import Proxy
from costproxy.demo.plan import Plan
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.data import Recording
from tests.support.proxy import running_proxy

# The folder a recording lies in -> the dialect its provider speaks, where the two differ.
DIALECTS = {
    "gemini-compat": "gemini",
    "gemini-native-errors": "gemini",
    "crusoe-vllm": "vllm",
    "openai-responses": "openai",
}
KNOWN = ("azure", "cerebras", "deepseek", "gemini", "groq", "mistral", "ollama", "openai", "openrouter", "perplexity")
MOUNTED = (*KNOWN, "anthropic", "together", "vllm", "xai", "generic")


def mount_of(recording: Recording) -> str:
    dialect = DIALECTS.get(recording.provider, recording.provider)
    return dialect if dialect in MOUNTED else "generic"


@dataclass
class Stage:
    """What the upstream answers next, and the proxy in front of it."""

    proxy: Proxy
    upstream: SimulatedUpstream
    plans: list[Plan] = field(default_factory=list)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    plans: list[Plan] = []

    def next_plan(_: SeenRequest) -> Plan:
        return plans.pop(0)

    async with SimulatedUpstream(next_plan) as up:
        file = tmp_path / "costproxy.toml"
        tables = (f'[upstreams.{name}]\nurl = "{up.url}"\ndialect = "{name}"\n' for name in MOUNTED)
        file.write_text("\n".join(tables), encoding="utf-8")
        async with running_proxy(up.url, file=file, log_level="error", limits_models=1000) as proxy:
            yield Stage(proxy, up, plans)
        assert up.errors == []
        assert up.faults == []
