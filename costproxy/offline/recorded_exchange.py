"""A recorded exchange as the one request of a source."""

from collections.abc import Mapping
from datetime import datetime

from costproxy.errors import WireError
from costproxy.offline.recorded import CHAT, AtFrom, RecordError, read_record
from costproxy.offline.recorded_request import RecordedRequest, RecordedSource, Truth
from costproxy.offline.recorded_values import PATHS, api_name
from costproxy.wire import jsontext


def exchange_of(line: bytes, *, place: str, now: datetime) -> RecordedSource:
    """Return the exchange on a line; `now` is only asked for by the reader, and no moment is made of it.

    Raises:
        RecordError: as `read_record`, or the line holds no request.
    """
    recorded = read_record(line, now=now)
    if recorded.request is None:
        raise RecordError("request: expected the body of a request, found nothing")
    try:
        body = jsontext.decode_object(recorded.request)
    except WireError as error:
        raise RecordError(f"request: expected a JSON object, found: {error}") from None
    path = recorded.path
    if path == CHAT and api_name(called=None, path=None, body=body) == "responses":
        path = PATHS["responses"]  # it was not recorded
    request = RecordedRequest(
        source=place,
        index=0,
        api=api_name(called=None, path=path, body=body),
        host=recorded.host,
        port=recorded.port,
        path=path,
        body=recorded.request,
        status=recorded.status,
        headers=_headers(line),
        at=None if recorded.at_from is AtFrom.NOW else recorded.at.timestamp(),
        response=recorded.response,
    )
    return RecordedSource(source=place, truth=Truth.UNKNOWN, requests=iter((request,)))


def _headers(line: bytes) -> Mapping[bytes, bytes]:
    """Return the headers of the request, names in lower case, repeated ones joined; what is odd is left out."""
    headers = jsontext.decode_object(line).get("request_headers")
    pairs = headers.items() if isinstance(headers, dict) else headers if isinstance(headers, list) else ()
    joined: dict[bytes, bytes] = {}
    for pair in pairs:
        name, value = pair if isinstance(pair, list | tuple) and len(pair) == 2 else (None, None)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and isinstance(text, str):
                key, said = name.lower().encode(errors="replace"), text.encode(errors="replace")
                joined[key] = b"%s, %s" % (joined[key], said) if key in joined else said
    return joined
