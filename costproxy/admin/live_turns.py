"""Turns as they are remembered, for the API."""

from costproxy.admin.conversation_views import Part, TurnMistake, TurnView, Window
from costproxy.admin.units import dollars_if_known
from costproxy.recording.recent_turn import PARTS, RecentTurn


def turn_view(turn: RecentTurn) -> TurnView:
    """Return one turn."""
    return TurnView(
        exchange=turn.exchange,
        at=turn.at,
        seconds=turn.seconds,
        first_token=turn.first_token,
        step=turn.step,
        turn=turn.turn,
        verdict=turn.verdict,
        outcome=turn.outcome,
        status=turn.status,
        failure=turn.failure,
        attempt=turn.attempt,
        model=turn.model,
        finish=list(turn.finish),
        quality=turn.quality,
        new=turn.new,
        resent=turn.resent,
        apportioned=turn.apportioned,
        cache_read=turn.cache_read,
        completion=turn.completion,
        reasoning=turn.reasoning,
        cost=dollars_if_known(turn.cost),
        basis=turn.basis,
        new_cost=dollars_if_known(turn.new_cost),
        resent_cost=dollars_if_known(turn.resent_cost),
        context=_window(turn),
        turns_left=turn.left,
        crossed=list(turn.crossed),
        mistakes=_mistakes(turn),
        cache_missed=turn.missed,
        composition=[Part(kind=kind, tokens=count) for kind, count in zip(PARTS, turn.parts, strict=False) if count],
    )


def _window(turn: RecentTurn) -> Window | None:
    window = turn.window
    if window is None:
        return None
    return Window(used=window.used, usable=window.usable, ratio=window.used / window.usable, source=window.source)


def _mistakes(turn: RecentTurn) -> list[TurnMistake]:
    return [
        TurnMistake(
            kind=each.kind,
            message=each.index,
            region=each.region,
            tokens=each.tokens,
            cost=dollars_if_known(each.cost),
        )
        for each in turn.mistakes
    ]
