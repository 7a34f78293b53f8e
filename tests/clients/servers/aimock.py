"""The third-party fake from npm: replies from a file, and a journal of what it was asked."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.clients.servers.account import Account, Asked
from tests.support.child import bare_environment, child, line_with
from tests.support.needs import need, need_npm

REPLIES = Path(__file__).with_name("aimock.json")


class Aimock:
    """A running fake."""

    passing: frozenset[str] = frozenset()  # its replies have the ids and times that the file gives them

    def __init__(self, url: str) -> None:
        self.url = url

    async def forget(self) -> None:
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/__aimock/reset/journal") as answer:
            assert answer.status == 200, await answer.text()

    async def account(self) -> Account:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/__aimock/journal") as answer:
            journal = await answer.json()
        replies = [_reply_of(entry) for entry in journal if entry["response"]["status"] == 200]
        chats = [reply for reply in replies if "usage" in reply]
        return Account(
            prompt=sum(reply["usage"]["prompt_tokens"] for reply in chats),
            cached=0,  # it drops these
            completion=sum(reply["usage"]["completion_tokens"] for reply in chats),
            finish_reasons=Counter(_finish_reason(reply) for reply in chats),
            asked=[_asked(entry) for entry in journal],
        )


@contextmanager
def running_aimock(folder: Path) -> Iterator[Aimock]:
    """Run the fake with the replies of aimock.json."""
    program = need_npm("@copilotkit/aimock") / "dist" / "cli.js"
    errors = folder / "stderr.txt"
    command: list[str | Path] = [need("node"), program, "--port", "0", "--fixtures", REPLIES, "--validate-on-load"]
    with child(command, env=bare_environment(folder), errors=errors) as running:
        yield Aimock(line_with(running, r"http://127\.0\.0\.1:\d+", errors=errors)[0])


def _reply_of(entry: Any) -> Any:
    return (entry["response"]["fixture"] or {}).get("response", {})


def _finish_reason(reply: Any) -> str:
    return reply.get("finishReason") or ("tool_calls" if "toolCalls" in reply else "stop")


def _asked(entry: Any) -> Asked:
    # It notes the id and the kind that it gives a request among what the client sent.
    headers = {name: value for name, value in entry["headers"].items() if name != "x-request-id"}
    body = {key: value for key, value in (entry["body"] or {}).items() if not key.startswith("_")}
    return Asked(path=entry["path"], headers=headers, body=body, status=entry["response"]["status"])
