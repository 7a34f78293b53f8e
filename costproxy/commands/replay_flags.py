"""The flags of `costproxy replay`, and what its help teaches."""

import argparse

NOTE = """\
each JSON document of a file is one of these, in any mix (a line, or several; plain or gzip, - for standard input):
  a conversation     {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}],
                      "model": "gpt-4o", "tools": [...], "usage": [{"index": 1, "prompt_tokens": 8,
                      "completion_tokens": 9}]}   each assistant's message was the reply to all that stands before it
  its messages       [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
                      if the last is no assistant's: one request, as it was sent
  a session          {"requests": [{"host": "api.openai.com", "path": "/v1/chat/completions", "body": {...},
                      "usage": {...}, "response_message": {...}, "finish_reason": "stop"}]}
                      chat completions, Anthropic messages or OpenAI responses, told by the path or by "api"
  ... its bodies     {"requests": [{"messages": [...]}, {"messages": [...]}]}
  ... as differences {"base_messages": [...], "requests": [{"n": 3, "replace": {"1": "other content"}}]}
  an exchange        {"request": {...}, "response": {...}}   as `costproxy price` reads it
  a request          {"model": "gpt-4o", "messages": [...], "temperature": 0}
  an array of these  [{"messages": [...]}, {"messages": [...]}], [[...], [...]]
A reply that was not recorded is unknown; in a session, what the next request sends back of it stands in.
Messages that end with a question are one request, even if replies stand in them, and the report says how many were
read so. With "usage", even "usage": [], or "source" they are a whole conversation: then a question at its end, behind
other requests and without a bill, is left out, for nobody can tell whether it was sent; the report counts these too.
Exchanges and requests are taken in their order; conversations one after the other, or --interleave at a time.

what the report means:
  sent again     tokens of a prompt that the conversation had sent before; the rest of it is new
  amplification  prompt tokens billed for each new one: 1 is a single request, 8 means that history is 7/8 of it
  verdicts       what requests were found to be: new, continue, retry, branch, missing reply ...
  exact          the provider said so; estimated: we counted the tokens ourselves; unknown: nobody can tell
  context        the fullest the window was, prompt against what fits beside the reply that was asked for
  mistakes       what the application does wrong; file:12#3, message 7: line 12, its request 3, there message 7,
                 both from 0

lines of --format json, one per request (the report goes to stderr then; null is unknown):
  source, request                          where it was recorded: file and line, and which request of it, from 0
  api, model                               chat, messages or responses; the model that served, else the one asked for
  conversation, turn, step, verdict, ambiguous, identity_source     what it was found to be, and what told that
  prompt_tokens, new_tokens, resent_tokens, completion_tokens, quality, cost_usd, cost_quality
  context_used, context_limit, context_ratio, turns_left
  events                                   mistakes {"kind", "index" of the message, ...} and
                                           {"kind": "context_warning", "percent"}

  costproxy replay conversations.jsonl                           the report
  costproxy replay --model gpt-4o-mini - < messages.jsonl        recordings that name no model
  costproxy replay --interleave 50 --format json a.jsonl b.gz    one line per request, 50 conversations at a time
  costproxy replay <(jq -c .body log.jsonl)                      a pipe, which is read once

Lines that cannot be read are left out, the first 20 of a file by name, and the exit code is 1 then.
Nothing is sent anywhere."""


def add_replay_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `replay` takes, its settings file and output format aside."""
    parser.epilog = NOTE
    parser.add_argument("files", metavar="FILE", nargs="+", help="JSON, plain or gzip; - for standard input.")
    parser.add_argument(
        "--interleave", metavar="N", type=_count, default=1, help="Conversations under way at a time. [%(default)s]"
    )
    parser.add_argument(
        "--seed",
        metavar="S",
        type=int,
        default=0,
        help="Whose turn it is is drawn by it, alike each time. [%(default)s]",
    )
    parser.add_argument("--model", metavar="NAME", help="The model of recordings that name none.")
    parser.add_argument(
        "--top", metavar="N", type=_number, default=10, help="Worst conversations that are listed. [%(default)s]"
    )


def _count(text: str) -> int:
    return _whole(text, least=1)


def _number(text: str) -> int:
    return _whole(text, least=0)


def _whole(text: str, *, least: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < least:
        raise argparse.ArgumentTypeError(f"expected a whole number from {least} on, found {text!r:.40}")
    return int(text)
