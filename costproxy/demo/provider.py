"""A plausible model server for the demo: it knows no language, but counts, limits and fails like one."""

import random
import time
from collections.abc import Callable, Mapping

from costproxy.demo import refusals
from costproxy.demo.accounts import ACCOUNTS, Account, Ledger
from costproxy.demo.composing import Answer, Composer
from costproxy.demo.frames import Json
from costproxy.demo.offer import MODELS, DemoModel
from costproxy.demo.plan import Plan, Reset, Wait, content_size, cut
from costproxy.demo.replies import EVENTS, Header, json_reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.wanted import Wanted

_UNSEEN_SPEEDUP = 4  # what nobody reads along, reasoning and unstreamed replies, is made this much faster


class ChatProvider:
    """The responder of the demo's upstream: `/v1/models` and `/v1/chat/completions`, as OpenAI has them.

    The same seed and the same requests in the same order give the same replies. At `speed` 2 every wait
    is half as long and quotas come back twice as fast.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        speed: float = 1.0,
        models: Mapping[str, DemoModel] = MODELS,
        accounts: Mapping[str, Account] = ACCOUNTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open for business; `clock` gives seconds from any start."""
        self._chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
        self._composer = Composer(self._chance)
        self._speed = speed
        self._models = models
        self._accounts = accounts
        self._clock = clock
        self._ledgers: dict[str, Ledger] = {}

    def __call__(self, request: SeenRequest) -> Plan:
        """Answer one request."""
        headers = self._headers()
        if request.path == "/v1/models" and request.method in {"GET", "HEAD"}:
            listed = [_listed(each) for each in self._models.values()]
            return json_reply({"object": "list", "data": listed}, headers=headers)
        if request.path == "/v1/chat/completions" and request.method == "POST":
            return self._complete(request, headers)
        return refusals.no_such_path(request.method, request.path, headers)

    def _headers(self) -> list[Header]:
        return [
            ("x-request-id", f"req_{self._chance.getrandbits(128):032x}"),
            ("openai-version", "2020-10-01"),
            ("openai-organization", "org-demo"),
        ]

    def _complete(self, request: SeenRequest, headers: list[Header]) -> Plan:
        wanted = Wanted.read(request)
        if wanted is None:
            return refusals.unreadable(headers)
        model = self._models.get(wanted.model)
        if model is None:
            return refusals.no_such_model(wanted.model, headers)
        ledger = self._ledger(request)
        refused = self._refused(wanted, model, ledger, headers)
        if refused is not None:
            return refused
        answer = self._composer.answer(wanted, model, created=int(time.time()))
        plan = self._delivered(wanted, model, answer, [*headers, *ledger.headers(self._clock())])
        return self._perhaps_cut(plan, ledger.account)

    def _ledger(self, request: SeenRequest) -> Ledger:
        key = (request.header("authorization") or b"").removeprefix(b"Bearer ").decode("latin-1")
        name = key if key in self._accounts else ""
        if name not in self._ledgers:
            account = self._accounts.get(name, Account())
            self._ledgers[name] = Ledger(account, speed=self._speed, now=self._clock())
        return self._ledgers[name]

    def _refused(self, wanted: Wanted, model: DemoModel, ledger: Ledger, headers: list[Header]) -> Plan | None:
        if ledger.account.broke:
            return refusals.out_of_money(headers)
        now = self._clock()
        quota = ledger.admit(wanted.prompt, now)
        told = [*headers, *ledger.headers(now)]
        if quota is not None:
            return self._too_fast(wanted, model, ledger, quota, told)
        reserved = wanted.longest or 0
        if wanted.prompt >= model.window or wanted.prompt + reserved > model.window:
            return refusals.too_long(model, wanted.prompt, reserved, told)
        return None

    def _too_fast(self, wanted: Wanted, model: DemoModel, ledger: Ledger, quota: str, headers: list[Header]) -> Plan:
        wait = ledger.seconds_until_admitted(wanted.prompt, self._clock())
        announced = ledger.announces_wait()
        return refusals.too_fast(model, ledger.account, quota, wait, headers, announced=announced)

    def _delivered(self, wanted: Wanted, model: DemoModel, answer: Answer, headers: list[Header]) -> Plan:
        pace = 1 / (model.tokens_per_second * self._speed)  # seconds per token
        first = model.first_seconds * self._chance.uniform(0.5, 1.5) / self._speed
        first += answer.reasoning * pace / _UNSEEN_SPEEDUP
        told = [*headers, ("openai-processing-ms", f"{first * 1000:.0f}")]
        if wanted.stream:
            chunks = answer.chunks(with_usage=wanted.with_usage)
            return (Wait(first), *stream(chunks, headers=[EVENTS, *told], every=pace))
        said = answer.usage["completion_tokens"] - answer.reasoning
        return (Wait(first + said * pace / _UNSEEN_SPEEDUP), *json_reply(answer.whole(), headers=told))

    def _perhaps_cut(self, plan: Plan, account: Account) -> Plan:
        if self._chance.random() >= account.cut_share:
            return plan
        return cut(plan, int(content_size(plan) * self._chance.uniform(0.2, 0.8)), Reset())


def _listed(model: DemoModel) -> Json:
    return {"id": model.name, "object": "model", "created": 1_700_000_000, "owned_by": "demo"}
