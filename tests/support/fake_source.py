"""A source of views whose every number is fixed, and which remembers what it was asked."""

from dataclasses import dataclass, field, replace

from costproxy.admin.conversation_views import ConversationDetail, ConversationPage, ConversationRow, Window
from costproxy.admin.limit_views import Health, Limits
from costproxy.admin.source import Query, Span
from costproxy.admin.views import Amount, Near, Overview, Points, Prompt

NOW = 1_800_000_000.0

ROW = ConversationRow(
    id="00112233aabbccdd",
    app="shop",
    model="gpt-4o",
    upstream="default",
    began=NOW - 60,
    seen=NOW - 1,
    active=True,
    requests=3,
    prompt=3000,
    new=1200,
    resent=1800,
    completion=150,
    amplification=2.5,
    cost=Amount(total="0.009", computed="0.009"),
    context=Window(used=1500, usable=2000, ratio=0.75, source="catalogue"),
    growth=100,
    turns_left=5,
    confident=True,
    warned=70,
    mistakes=1,
    burn="0.5",
)


def _points(span: Span) -> Points:
    counts = ("unknown", "new", "resent", "completion", "requests", "failed", "rate_limited")
    none: dict[str, list[int]] = {name: [0] for name in counts}
    return Points(at=[NOW], reported=["0"], computed=["0.009"], estimated=["0"], **none)


@dataclass(slots=True)
class FakeSource:
    """A `Source`; `asked` has the calls in order."""

    rows: list[ConversationRow] = field(default_factory=lambda: [ROW])
    asked: list[object] = field(default_factory=list)

    def overview(self, now: float, span: Span) -> Overview:
        self.asked.append(span)
        amount = ROW.cost
        return Overview(
            at=now,
            since=NOW - 600,
            range=span,
            step=10,
            per_hour=amount,
            today=amount,
            spend=amount,
            requests=3,
            failed=0,
            rate_limited=0,
            warnings=1,
            mistakes=1,
            prompt=Prompt(new=1200, resent=1800),
            points=_points(span),
            shares=[],
            conversations=Near(tracked=len(self.rows), active=1),
        )

    def conversations(self, now: float, query: Query) -> ConversationPage:
        self.asked.append(query)
        start = (query.page - 1) * query.size
        items, count = self.rows[start : start + query.size], len(self.rows)
        return ConversationPage(
            items=items, page=query.page, size=query.size, total=count, all=count, apps=["shop"], models=["gpt-4o"]
        )

    def conversation(self, now: float, id: str) -> ConversationDetail | None:  # noqa: A002 — what it is
        self.asked.append(id)
        row = next((each for each in self.rows if each.id == id), None)
        if row is None:
            return None
        return ConversationDetail(at=now, conversation=replace(row), turns=[], left_out=0, events=[], next_cost="0.004")

    def limits(self, now: float) -> Limits:
        self.asked.append("limits")
        return Limits(at=now, quotas=[], refusals=[])

    def health(self, now: float) -> Health:
        self.asked.append("health")
        return Health(
            at=now,
            version="0",
            started=NOW - 600,
            in_flight=0,
            requests=3,
            exact=3150,
            adjusted=0,
            estimated=0,
            price_table=None,
            cost_sources=[],
            unpriced=[],
            unmetered=[],
            usage_missing=[],
            anomalies=[],
            limit_sources=[],
            drift=[],
            failures=[],
            overflow=[],
            forgotten=[],
        )
