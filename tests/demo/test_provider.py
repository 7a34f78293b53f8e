import json
from typing import Any

import pytest

from costproxy.demo.accounts import Account
from costproxy.demo.plan import Plan, Reset, Send, Wait, content_size
from costproxy.demo.provider import ChatProvider
from costproxy.demo.seen import SeenRequest

USER = [{"role": "user", "content": "Where is my order?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "read_file",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}, "line": {"type": "integer"}, "mode": {"enum": ["r"]}},
        },
    },
}


def request(path: str = "/v1/chat/completions", method: str = "POST", key: str = "", **body: Any) -> SeenRequest:
    return SeenRequest(
        connection=1,
        method=method,
        target=path.encode(),
        version="1.1",
        headers=[(b"Authorization", b"Bearer " + key.encode())],
        head=b"",
        body=json.dumps({"model": "gpt-4o-mini", "messages": USER, **body}).encode(),
    )


def sent(plan: Plan) -> tuple[int, dict[str, str], bytes]:
    data = b"".join(step.data for step in plan if isinstance(step, Send))
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body


def reply(plan: Plan) -> Any:
    return json.loads(sent(plan)[2])


def events(plan: Plan) -> list[Any]:
    _, _, body = sent(plan)
    lines = [line for line in body.split(b"\n") if line.startswith(b"data: ")]
    assert lines.pop() == b"data: [DONE]"
    return [json.loads(line[6:]) for line in lines]


def error(plan: Plan) -> Any:
    return reply(plan)["error"]


def test_models_are_listed() -> None:
    listed = reply(ChatProvider()(request("/v1/models", "GET")))
    assert "gpt-4o-mini" in [model["id"] for model in listed["data"]]


def test_a_plain_reply_counts_its_prompt_and_carries_the_usual_headers() -> None:
    plan = ChatProvider()(request())
    status, headers, _ = sent(plan)
    made = reply(plan)
    assert status == 200
    assert {"x-request-id", "openai-processing-ms", "x-ratelimit-remaining-tokens"} <= headers.keys()
    assert made["model"] == "gpt-4o-mini-2024-07-18"
    assert made["usage"]["prompt_tokens"] == 3 + 4 + 5
    assert made["usage"]["total_tokens"] == made["usage"]["prompt_tokens"] + made["usage"]["completion_tokens"]
    assert made["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}, {"include_usage": "true"}, "odd"])
def test_a_stream_that_does_not_ask_has_no_usage(options: Any) -> None:
    assert not any("usage" in chunk for chunk in events(ChatProvider()(request(stream=True, stream_options=options))))


def test_a_stream_that_asks_gets_nulls_and_one_chunk_of_usage() -> None:
    *chunks, last = events(ChatProvider()(request(stream=True, stream_options={"include_usage": True})))
    assert {chunk["usage"] for chunk in chunks} == {None}
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == 12


def test_the_same_seed_gives_the_same_reply() -> None:
    first, second = (reply(ChatProvider(seed=7)(request())) for _ in range(2))
    assert first["choices"] == second["choices"]
    assert first["id"] == second["id"]


def test_tools_are_called_with_arguments_that_fit_their_schema() -> None:
    provider = ChatProvider()
    made = [reply(provider(request(tools=[TOOL])))["choices"][0] for _ in range(20)]
    calls = [choice["message"]["tool_calls"][0] for choice in made if choice["finish_reason"] == "tool_calls"]
    assert 5 < len(calls) < 20
    assert {call["function"]["name"] for call in calls} == {"read_file"}
    arguments = json.loads(calls[0]["function"]["arguments"])
    assert isinstance(arguments["line"], int)
    assert arguments["mode"] == "r"


def test_a_streamed_call_has_its_arguments_in_pieces() -> None:
    provider = ChatProvider()
    streams = [events(provider(request(tools=[TOOL], stream=True))) for _ in range(5)]
    calls = [chunks for chunks in streams if chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"]
    pieces = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in calls[0][1:-1]]
    assert pieces[0]["function"]["name"] == "read_file"
    assert "path" in json.loads("".join(piece["function"]["arguments"] for piece in pieces))


def test_after_some_results_the_model_answers_in_words() -> None:
    messages = [*USER, *({"role": "tool", "tool_call_id": "c", "content": "x"} for _ in range(4))]
    provider = ChatProvider()
    made = [reply(provider(request(tools=[TOOL], messages=messages))) for _ in range(10)]
    assert {choice["choices"][0]["finish_reason"] for choice in made} == {"stop"}


def test_a_resent_thread_is_read_from_the_cache() -> None:
    provider = ChatProvider()
    long = [{"role": "system", "content": "x" * 8000}, *USER]
    provider(request(messages=long))
    counted = reply(provider(request(messages=[*long, *USER])))["usage"]
    assert counted["prompt_tokens_details"]["cached_tokens"] == 1920


def test_reasoning_is_part_of_the_completion() -> None:
    counted = reply(ChatProvider()(request(model="gpt-5-mini")))["usage"]
    reasoning = counted["completion_tokens_details"]["reasoning_tokens"]
    assert reasoning > 0
    assert reasoning % 64 == 0
    assert counted["completion_tokens"] > reasoning


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limited_reply_ends_with_length(name: str) -> None:
    made = reply(ChatProvider()(request(**{name: 2})))
    assert made["choices"][0]["finish_reason"] == "length"
    assert made["usage"]["completion_tokens"] == 2
    assert len(made["choices"][0]["message"]["content"]) == 8


def test_the_window_is_a_limit_for_prompt_and_reply() -> None:
    provider = ChatProvider()
    fits = [{"role": "user", "content": "x" * 4 * (8192 - 8)}]
    assert reply(provider(request(model="gpt-4", messages=fits)))["usage"]["total_tokens"] == 8192
    over = [{"role": "user", "content": "x" * 4 * (8200 - 7)}]
    refused = error(provider(request(model="gpt-4", messages=over)))
    assert refused["code"] == "context_length_exceeded"
    assert refused["message"] == (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 8200 tokens. "
        "Please reduce the length of the messages."
    )
    assert (
        "(12 in the messages, 8181 in the completion)"
        in error(provider(request(model="gpt-4", max_tokens=8181)))["message"]
    )


@pytest.mark.parametrize(
    ("made", "status", "code"),
    [
        (request(model="gpt-9"), 404, "model_not_found"),
        (request("/v1/embeddings"), 404, None),
        (request(method="PUT"), 404, None),
        (request(messages=[]), 400, None),
        (request(messages=["odd"]), 400, None),
    ],
)
def test_what_cannot_be_answered_is_refused(made: SeenRequest, status: int, code: str | None) -> None:
    plan = ChatProvider()(made)
    assert sent(plan)[0] == status
    assert error(plan)["code"] == code


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_an_unreadable_body_is_refused(body: bytes) -> None:
    made = request()
    made.body = body
    assert sent(ChatProvider()(made))[0] == 400


ACCOUNTS = {
    "sk-slow": Account(requests_per_minute=60, burst=1, silent_every=2),
    "sk-small": Account(tokens_per_minute=6),
    "sk-broke": Account(broke=True),
    "sk-cut": Account(cut_share=1.0),
}


def provider() -> ChatProvider:
    return ChatProvider(accounts=ACCOUNTS, clock=lambda: 0.0)


def test_too_many_requests_are_told_to_wait_or_not() -> None:
    slow = provider()
    assert sent(slow(request(key="sk-slow")))[0] == 200
    status, headers, _ = sent(slow(request(key="sk-slow")))
    assert (status, headers["retry-after"], headers["retry-after-ms"]) == (429, "1", "1000")
    silent = slow(request(key="sk-slow"))
    assert "retry-after" not in sent(silent)[1]
    assert error(silent)["code"] == "rate_limit_exceeded"
    assert error(silent)["type"] == "requests"
    assert sent(slow(request()))[0] == 200


def test_too_many_tokens_are_named_as_the_reason() -> None:
    assert error(provider()(request(key="sk-small")))["type"] == "tokens"


def test_an_unpaid_account_gets_another_kind_of_429() -> None:
    plan = provider()(request(key="sk-broke"))
    assert sent(plan)[0] == 429
    assert error(plan)["code"] == "insufficient_quota"


@pytest.mark.parametrize("streamed", [False, True])
def test_some_replies_break_off(streamed: bool) -> None:
    plan = provider()(request(key="sk-cut", stream=streamed))
    whole = provider()(request(stream=streamed))
    assert plan[-1] == Reset()
    assert 0 < content_size(plan) < content_size(whole)


def test_speed_shortens_every_wait() -> None:
    waits = [
        sum(step.seconds for step in ChatProvider(speed=speed)(request(stream=True)) if isinstance(step, Wait))
        for speed in (1.0, 10.0)
    ]
    assert waits[0] == pytest.approx(10 * waits[1])
