"""The `llm` command, in a process that stays: what it costs to start is paid once."""

import json
from typing import Any

from click.testing import CliRunner
from llm.cli import cli

from tests.clients.apps.loop import serve

# Its own name for the default model; the servers of the tests answer to any.
ASKING = ["prompt", "-m", "gpt-4o-mini", "-o", "temperature", "0", "-o", "seed", "1", "-u"]
BRIEFLY = ["-o", "max_tokens", "24"]
WEATHER = """
def weather(city: str, days: int) -> str:
    "Forecast the weather."
    return f"sunny in {city} for {days} days"
"""


def command(*arguments: str) -> dict[str, Any]:
    """Return what one call of the command wrote; the usage it saw is on stderr."""
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    return {"exit_code": done.exit_code, "stdout": done.stdout, "stderr": done.stderr}


def streamed() -> Any:
    return command(*ASKING, *BRIEFLY, "-s", "Be brief.", "Name a colour, please: grün?")


def plain() -> Any:
    return command(*ASKING, *BRIEFLY, "--no-stream", "Name a colour, please: grün?")


def continued() -> Any:
    """Go on with a conversation."""
    return plain(), command(*ASKING, *BRIEFLY, "--continue", "And another colour?")


def tools() -> Any:
    return command(*ASKING, *BRIEFLY, "--functions", WEATHER, "What will the weather be like?")


def structured() -> Any:
    return command(*ASKING, "-o", "max_tokens", "250", "--schema", "sunny bool", "Is Rome sunny?")


def logged() -> Any:
    """Tell what the command itself keeps of a call."""
    said = streamed()
    kept = json.loads(command("logs", "-n", "1", "--json")["stdout"])[0]
    return said, {name: kept[name] for name in ("response", "input_tokens", "output_tokens", "token_details")}


def refused(text: str) -> Any:
    return command(*ASKING, text)


if __name__ == "__main__":
    serve(streamed, plain, continued, tools, structured, logged, refused)
