"""Lines of any shape are read or refused; nothing else comes out."""

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.offline.recorded import RecordError
from costproxy.offline.recorded_forms import source_of
from costproxy.offline.recorded_response import response_of

NAMES = ["messages", "requests", "base_messages", "n", "replace", "usage", "index", "model", "tools", "body", "request"]
NAMES += ["response", "response_text", "response_message", "input", "role", "content", "text", "type", "tool_calls"]
NAMES += ["function", "name", "arguments", "output", "path", "host", "api", "status", "source", "finish_reason", "id"]
WORDS = [
    "user",
    "assistant",
    "system",
    "tool_use",
    "function_call",
    "message",
    "reasoning",
    "/v1/messages",
    "responses",
]
leaf = st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.sampled_from(WORDS) | st.text(max_size=3)
message = st.fixed_dictionaries({"role": st.sampled_from(WORDS)}, optional={"content": leaf})
value = st.recursive(
    leaf | message,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)
line = st.dictionaries(st.sampled_from(NAMES), value | st.lists(message, max_size=4), max_size=6) | st.lists(message)


@settings(max_examples=400, deadline=None)
@given(line)
def test_any_line_is_read_or_refused(line):
    with contextlib.suppress(RecordError):
        for request in source_of(json.dumps(line).encode(), place="a:1", model="m").requests:
            assert isinstance(json.loads(request.body), dict)
            response = response_of(request)
            assert request.response is not None or isinstance(json.loads(response), dict)
