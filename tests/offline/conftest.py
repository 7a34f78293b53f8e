from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from costproxy.meter import Estimator
from costproxy.offline.auditor import Audited, Auditor
from costproxy.offline.recorded import read_record
from costproxy.overrides import open_prices
from costproxy.settings import Settings
from costproxy.tokens.calibration import Calibrators
from costproxy.tokens.counter import TokenCounter
from costproxy.tokens.image_table import packaged_images
from costproxy.tokens.part_cache import PartCache
from costproxy.tokens.prompt import PromptReader
from costproxy.tokens.prompt_counter import PromptCounter

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REPLY = {
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1050,
        "prompt_tokens_details": {"cached_tokens": 400},
    },
}
REQUEST = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}

Audit = Callable[..., Audited]


@pytest.fixture(scope="session")
def auditor() -> Iterator[Auditor]:
    counter = TokenCounter()
    reader = PromptReader(images=packaged_images())
    prompts = PromptCounter(counter=counter, reader=reader, cache=PartCache(secret=b"s" * 16))
    settings = Settings()
    yield Auditor(settings, open_prices(settings), Estimator(prompts, Calibrators()), estimate_all=True)
    counter.close()


@pytest.fixture(scope="session")
def audit(auditor: Auditor) -> Audit:
    """Audit a line given by its fields."""

    def audit(**fields: object) -> Audited:
        return auditor.audit(read_record(msgspec.json.encode(fields), now=NOW), name="a:1")

    return audit
