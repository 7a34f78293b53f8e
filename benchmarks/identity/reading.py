"""A recorded request as the proxy reads it."""

from benchmarks.identity.ask import Sent
from costproxy.model import Prompt
from costproxy.offline.recorded_requests import RecordedRequest
from costproxy.wire.observer import Limits, Observer

_BIG = Limits()


def sent_of(recorded: RecordedRequest) -> Sent:
    """Return what the tracker is told of a request whose bytes pass."""
    observer = Observer(_BIG, api=recorded.api)
    observer.request_body(recorded.body)
    request = observer.read_request()
    return Sent(
        conversation=recorded.source,
        prompt=observer.prompt or Prompt(messages=()),
        model=request.model if request else None,
        upstream=recorded.host or "default",
        api=recorded.api,
        replies=() if recorded.reply is None else (recorded.reply,),
        reply_id=recorded.reply_id,
        accepted=recorded.status < 300,
    )
