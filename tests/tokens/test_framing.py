"""The worked facts of message framing, tools and calls, each of them a bill that was recorded."""

from typing import Any

import pytest

from costproxy.tokens.framing import framing_of, is_known
from costproxy.tokens.prompt_counter import PromptCounter

# The example of the cookbook's "How to count tokens with tiktoken", with the counts it states.
COOKBOOK = [
    {
        "role": "system",
        "content": "You are a helpful, pattern-following assistant "
        "that translates corporate jargon into plain English.",
    },
    {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
    {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base "
        "on opportunities for increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    {
        "role": "user",
        "content": "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    },
]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def tokens(prompts: PromptCounter, request: dict[str, Any], model: str) -> int:
    return prompts.count_waiting(request, model).tokens


def call(name: str, arguments: str) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def history(calls: list[dict[str, Any]], results: list[str]) -> dict[str, Any]:
    answers = [{"role": "tool", "tool_call_id": "call_1", "content": result} for result in results]
    return {"messages": [{"role": "assistant", "tool_calls": calls}, *answers]}


@pytest.mark.parametrize(
    ("model", "stated"), [("gpt-3.5-turbo-0301", 127), ("gpt-3.5-turbo", 129), ("gpt-4-0613", 129), ("gpt-4o", 124)]
)
def test_the_cookbooks_example_is_what_it_states(prompts: PromptCounter, model: str, stated: int) -> None:
    assert tokens(prompts, {"messages": COOKBOOK}, model) == stated


@pytest.mark.parametrize("model", ["gpt-5", "gpt-5-nano-2025-08-07", "gpt-5.6-sol", "o3-mini", "o1-2024-12-17"])
def test_reasoning_models_are_one_below_the_cookbook(prompts: PromptCounter, model: str) -> None:
    request = {"messages": [{"role": "user", "content": "hello"}]}
    assert tokens(prompts, request, model) == tokens(prompts, request, "gpt-4o") - 1 == 7


def test_a_developer_message_costs_what_a_system_message_does(prompts: PromptCounter) -> None:
    roles = ("system", "developer")
    counts = {tokens(prompts, {"messages": [{"role": role, "content": "Be kind."}]}, "gpt-4o") for role in roles}
    assert len(counts) == 1


def test_gpt_oss_brings_a_system_message_of_its_own(prompts: PromptCounter) -> None:
    request = {"messages": [{"role": "user", "content": "hello"}]}
    assert 60 <= tokens(prompts, request, "gpt-oss:120b") - tokens(prompts, request, "gpt-5") <= 76


def test_tools_are_counted_as_typescript(prompts: PromptCounter) -> None:
    asked = {"messages": [{"role": "user", "content": "What is the weather in Paris?"}]}
    with_tool, without = {**asked, "tools": [WEATHER]}, tokens(prompts, asked, "gpt-4o")
    text = "namespace functions {\n\ntype get_weather = (_: {\ncity: string,\n}) => any;\n\n} // namespace functions"
    shown = tokens(prompts, {"messages": [{"role": "user", "content": text}]}, "gpt-4o") - 7
    assert tokens(prompts, with_tool, "gpt-4o") - without == shown + 9 - 1
    assert tokens(prompts, with_tool, "gpt-5") - (without - 1) == shown + 9 + 81


def test_tools_under_a_system_message_are_four_tokens_less(prompts: PromptCounter) -> None:
    system = {"messages": [{"role": "system", "content": "You are kind."}]}
    user = {"messages": [{"role": "user", "content": "You are kind."}]}
    extra = [
        tokens(prompts, {**r, "tools": [WEATHER]}, "gpt-4o") - tokens(prompts, r, "gpt-4o") for r in (system, user)
    ]
    assert extra[0] == extra[1] - 4


def test_a_tool_call_and_its_answer_cost_eight_over_their_text(prompts: PromptCounter) -> None:
    request = history([call("get_user_country", "{}")], ["Mexico"])
    bare = 3 + 2 * 4 + 3 + 1 + 1  # priming, two messages, name, arguments, answer
    assert tokens(prompts, request, "gpt-4o") == bare + 8


def test_two_calls_at_once_cost_thirty_over_their_text(prompts: PromptCounter) -> None:
    calls = [call("get_current_weather", f'{{"location": "{city}"}}') for city in ("Seattle, WA", "San Francisco, CA")]
    request = history(calls, ["50 degrees and raining", "70 degrees and sunny"])
    bare = 3 + 3 * 4 + 2 * 3 + 8 + 9 + 4 + 4
    assert tokens(prompts, request, "gpt-4o") == bare + 30


def test_every_further_call_at_once_costs_eleven_more(prompts: PromptCounter) -> None:
    several = (history([call("get_country", "{}")] * calls, ["x"] * calls) for calls in (2, 3, 4))
    counts = [tokens(prompts, request, "gpt-4o") for request in several]
    bare = 4 + 2 + 1 + 1
    assert counts[2] - counts[1] == counts[1] - counts[0] == bare + 11


def test_a_call_of_gpt_5_costs_thirteen_over_its_text(prompts: PromptCounter) -> None:
    request = history([call("search_tools", '{"queries":["exchange rate"]}')], ["x"])
    bare = 2 + 2 * 4 + 2 + 7 + 1
    assert tokens(prompts, request, "gpt-5") == bare + 13


def test_a_schema_of_the_output_counts_as_its_compact_text_and_says_it_may_be_off(prompts: PromptCounter) -> None:
    asked = {"messages": [{"role": "user", "content": "hi"}]}
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    form = {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}
    text = '{"type":"object","properties":{"answer":{"type":"string"}}}'
    counted = prompts.count_waiting({**asked, **form}, "gpt-4o")
    plain = tokens(prompts, {"messages": [{"role": "user", "content": text}]}, "gpt-4o") - 7
    assert counted.tokens == tokens(prompts, asked, "gpt-4o") + plain
    assert counted.slack == 30


def test_json_object_adds_nothing(prompts: PromptCounter) -> None:
    asked = {"messages": [{"role": "user", "content": "hi"}]}
    form = {"response_format": {"type": "json_object"}}
    assert tokens(prompts, {**asked, **form}, "gpt-4o") == tokens(prompts, asked, "gpt-4o")


def test_unknown_models_are_framed_but_not_known() -> None:
    assert framing_of("nobody/knows-me") == framing_of("gpt-4o")
    assert framing_of("us.anthropic.claude-sonnet-4-5-20250929-v1:0").functions_extra == 500
    assert [is_known(name) for name in ("gpt-4o", "claude-sonnet-5", "")] == [True, False, False]


def test_every_api_says_the_same_in_its_own_words(prompts: PromptCounter) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    chat = {
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": parameters}}],
    }
    anthropic = {
        "system": [{"type": "text", "text": "Be kind."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "tools": [{"name": "look", "input_schema": parameters}],
    }
    responses = {
        "instructions": "Be kind.",
        "input": "hi",
        "tools": [{"type": "function", "name": "look", "parameters": parameters}],
    }
    assert len({tokens(prompts, request, "gpt-4o") for request in (chat, anthropic, responses)}) == 1
