"""How close our counts come to recorded bills: prints a table per provider and holds floors for OpenAI's models."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from costproxy.tokens.calibration import CalibrationKey, Calibrators
from costproxy.tokens.estimate import Anchor, Source, best
from costproxy.tokens.prompt_count import Count
from costproxy.tokens.prompt_counter import PromptCounter
from tests.support.data import needed

APIS = ("openai_chat", "anthropic_messages", "openai_responses")
NOT_TEXT = ('"image_url"', '"input_audio"', '"file"', '"input_image"', '"document', '"image"', "encrypted_content")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One recorded request with its bill."""

    api: str
    host: str
    body: Mapping[str, Any]
    model: str
    prompt: int  # tokens billed
    session: str

    @property
    def kind(self) -> str:
        """What of the request is hard to count."""
        text = json.dumps(self.body)
        if '"tool_calls"' in text or '"tool_use"' in text or '"function_call_output"' in text:
            return "tool history"
        return "tools" if self.body.get("tools") or self.body.get("functions") else "plain"


@pytest.fixture(scope="module")
def data() -> Path:
    return needed("conversations").parent


@pytest.fixture(scope="module")
def bills(data: Path) -> Sequence[Bill]:
    """Every distinct text-only request with a bill, in the order of its session."""
    found: dict[str, Bill] = {}
    for bill in (*_of_sessions(data), *_of_vectors(data)):
        if not any(mark in json.dumps(bill.body) for mark in NOT_TEXT) and not bill.body.get("previous_response_id"):
            found.setdefault(json.dumps([bill.host, bill.body], sort_keys=True), bill)
    return list(found.values())


def _of_sessions(data: Path) -> Iterator[Bill]:
    for api in APIS:
        path = data / "conversations" / f"sessions-cassettes-{api}.jsonl"
        for line in path.read_text().splitlines() if path.is_file() else ():
            session = json.loads(line)
            for request in session["requests"]:
                model = request.get("response_model")
                yield from _bill(
                    api, request["host"], request["body"], request["usage"], model=model, session=session["group"]
                )


def _of_vectors(data: Path) -> Iterator[Bill]:
    for path in sorted((data / "vectors").glob("*/*.meta.json")):
        meta = json.loads(path.read_text())
        reply = path.with_name(path.name.removesuffix(".meta.json") + ".json")
        if not reply.is_file() or "/chat/completions" not in (meta.get("path") or ""):
            continue
        try:
            answer = json.loads(reply.read_text())
        except ValueError:
            continue
        if isinstance(answer, dict):
            yield from _bill(
                APIS[0], meta["host"], meta["request_body"], answer.get("usage"), model=answer.get("model"), session=""
            )


def _bill(api: str, host: str, body: Any, usage: Any, *, model: Any, session: str) -> Iterator[Bill]:
    if not isinstance(body, dict) or not isinstance(usage, dict) or "_omitted" in body:
        return
    prompt = usage.get("prompt_tokens", usage.get("input_tokens")) or 0
    if api == "anthropic_messages":
        prompt += (usage.get("cache_read_input_tokens") or 0) + (usage.get("cache_creation_input_tokens") or 0)
    if prompt:
        host = "azure" if "azure" in host else host or "(none)"
        name = model or body.get("model") or ""
        yield Bill(api=api, host=host, body=body, model=name, prompt=prompt, session=session)


def errors(pairs: Sequence[tuple[int, int]]) -> list[float]:
    """Return the relative errors of pairs of billed and counted tokens, in order of size."""
    return sorted(abs(counted - billed) / billed for billed, counted in pairs)


def row(name: str, pairs: Sequence[tuple[int, int]]) -> str:
    """Return a line of a table about pairs of billed and counted tokens."""
    off = errors(pairs)
    exact, near = sum(not error for error in off), sum(error <= 0.05 for error in off)
    p90 = off[min(len(off) - 1, int(len(off) * 0.9))]
    figures = f"{statistics.median(off):8.1%} {p90:8.1%} {exact / len(off):7.0%} {near / len(off):8.0%}"
    return f"{name:62} {len(off):4} {figures} {statistics.mean(off):8.2%}"


HEAD = f"\n{'':62} {'n':>4} {'median':>8} {'p90':>8} {'exact':>7} {'<= 5 %':>8} {'mean':>8}"


def is_openai(bill: Bill) -> bool:
    """Tell whether a bill is OpenAI's own, for the text that we see: its search models add what they found."""
    ours = bill.model.startswith(("gpt-", "o1", "o3", "o4")) and "search" not in bill.model
    return bill.api == "openai_chat" and bill.host in ("api.openai.com", "azure") and ours


def test_errors_by_provider_and_kind(bills: Sequence[Bill], prompts: PromptCounter) -> None:
    groups = defaultdict(list)
    for bill in bills:
        counted = prompts.count_waiting(bill.body, bill.model).tokens
        groups[f"{bill.api} {bill.host} {bill.kind}"].append((bill.prompt, counted))
        groups[f"all providers, {bill.kind}"].append((bill.prompt, counted))
    print(HEAD)
    for name, pairs in sorted(groups.items()):
        print(row(name, pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """How good the counts of one kind of requests have to be."""

    kind: str
    exact: float  # share of counts that equal the bill, at least
    near: float  # share within 5 % of it, at least
    mean: float  # of the relative errors, at most


FLOORS = (
    Floor(kind="plain", exact=0.85, near=0.95, mean=0.0164),
    Floor(kind="tools", exact=0.6, near=0.97, mean=0.0076),
    Floor(kind="tool history", exact=0.5, near=0.97, mean=0.0138),
)


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.kind)
def test_openais_own_models_are_counted_within_a_few_percent(
    bills: Sequence[Bill], prompts: PromptCounter, floor: Floor
) -> None:
    ours = [bill for bill in bills if is_openai(bill) and bill.kind == floor.kind]
    pairs = [(bill.prompt, prompts.count_waiting(bill.body, bill.model).tokens) for bill in ours]
    print(HEAD, row(f"OpenAI and Azure, {floor.kind}", pairs), sep="\n")
    off = errors(pairs)
    assert sum(not error for error in off) >= floor.exact * len(off)
    assert sum(error <= 0.05 for error in off) >= floor.near * len(off)
    assert statistics.mean(off) <= floor.mean


def test_the_last_bill_and_what_came_since_beat_a_new_count(bills: Sequence[Bill], prompts: PromptCounter) -> None:
    raw, anchored = [], []
    for before, after in _steps(bills):
        anchor = Anchor(billed=before.prompt, count=prompts.count_waiting(before.body, before.model))
        count = prompts.count_waiting(after.body, after.model)
        found = best(count, anchor=anchor)
        assert found.source is Source.ANCHOR
        raw.append((after.prompt, count.tokens))
        anchored.append((after.prompt, found.tokens or 0))
    print(HEAD, row("raw", raw), row("last bill and increment", anchored), sep="\n")
    assert statistics.median(errors(anchored)) <= min(0.08, statistics.median(errors(raw)))


def _steps(bills: Sequence[Bill]) -> Iterator[tuple[Bill, Bill]]:
    """Yield the requests that go on from the one before them, with the same model and tools."""
    last: dict[str, Bill] = {}
    for bill in bills:
        before = last.get(bill.session)
        if before and bill.session and _goes_on(before, bill):
            yield before, bill
        last[bill.session] = bill


def _goes_on(before: Bill, after: Bill) -> bool:
    if (before.model, before.body.get("tools")) != (after.model, after.body.get("tools")):
        return False
    old, new = (bill.body.get("messages", bill.body.get("input")) for bill in (before, after))
    return isinstance(old, list) and isinstance(new, list) and len(new) > len(old) and new[: len(old)] == old


def test_calibration_helps_and_harms_nobody_it_need_not(bills: Sequence[Bill], prompts: PromptCounter) -> None:
    calibrators, raw, calibrated = Calibrators(), defaultdict(list), defaultdict(list)
    for bill in bills:
        count = prompts.count_waiting(bill.body, bill.model)
        key = CalibrationKey(provider=bill.host, model=bill.model, has_tools=bool(bill.body.get("tools")))
        learned = calibrators.get(key)
        if learned is not None and learned.bills >= 5:
            who = "OpenAI" if is_openai(bill) else "others"
            raw[who].append((bill.prompt, count.tokens))
            calibrated[who].append((bill.prompt, best(count, calibrator=learned).tokens or 0))
        calibrators.learn(key, count, billed=bill.prompt)
    print(HEAD)
    for who in raw:
        print(row(f"{who}, raw", raw[who]), row(f"{who}, calibrated", calibrated[who]), sep="\n")
        assert statistics.median(errors(calibrated[who])) <= statistics.median(errors(raw[who])) + 0.005


def test_a_count_never_depends_on_what_was_counted_before(bills: Sequence[Bill], prompts: PromptCounter) -> None:
    sample = bills[:40]
    first: list[Count] = [prompts.count_waiting(bill.body, bill.model) for bill in sample]
    assert [prompts.count_waiting(bill.body, bill.model) for bill in reversed(sample)] == first[::-1]
