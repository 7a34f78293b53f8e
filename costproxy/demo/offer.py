"""What the demo's provider sells: models under well-known names, so that they have prices and limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoModel:
    """One model of the demo's provider; it only pretends, its name and window are real."""

    name: str
    snapshot: str  # the name that replies carry
    window: int  # tokens of prompt and reply together
    longest_reply: int  # tokens
    reasons: bool = False
    first_seconds: float = 0.4  # typical time to the first token
    tokens_per_second: float = 120.0


# Source: windows and snapshots as in OpenAI's public model pages.
MODELS: Mapping[str, DemoModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            DemoModel(name="gpt-4o", snapshot="gpt-4o-2024-08-06", window=128_000, longest_reply=16_384),
            DemoModel(name="gpt-4o-mini", snapshot="gpt-4o-mini-2024-07-18", window=128_000, longest_reply=16_384),
            DemoModel(name="gpt-4.1", snapshot="gpt-4.1-2025-04-14", window=1_047_576, longest_reply=32_768),
            DemoModel(name="gpt-4", snapshot="gpt-4-0613", window=8_192, longest_reply=8_192, first_seconds=0.6),
            DemoModel(
                name="gpt-5-mini",
                snapshot="gpt-5-mini-2025-08-07",
                window=400_000,
                longest_reply=128_000,
                reasons=True,
                first_seconds=0.8,
            ),
        )
    }
)
