"""The command line: `costproxy serve`, and the commands that `costproxy --help` lists."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from costproxy import __version__
from costproxy.commands.demo_flags import add_demo_flags
from costproxy.commands.ledger_commands import LEDGER_COMMANDS
from costproxy.commands.replay_flags import add_replay_flags
from costproxy.errors import ConfigError, CostproxyError
from costproxy.settings import INCLUDE_USAGE, AdminSettings, ListenSettings, Settings, describe, load_settings
from costproxy.settings.keys import CONFIG_VARIABLE, Key, all_keys

OK = 0
FAILED = 1
UNUSABLE_SETTINGS = 2  # argparse's own code for a wrong command line
INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended

INTRODUCTION = """\
costproxy stands between an application and an OpenAI-compatible chat API. It passes every byte on and tells
Prometheus what each request cost, which tokens were used, why replies ended and what was rejected."""

TEACHING = """\
first steps:
  costproxy demo                                     a look at it without an API key
  costproxy serve                                    in front of https://api.openai.com
  costproxy serve --upstream http://gpu-box:8000/v1  in front of another server
  costproxy check --config costproxy.toml            read the settings, say what they mean, start nothing
  costproxy prices gpt-4o                            what a model costs, and why that price
  costproxy price recorded.jsonl                     what recorded exchanges cost, without a proxy
  costproxy replay conversations.jsonl               how recorded conversations grow, and what that costs
  costproxy report --since 24h --by app              what the proxy has recorded, summed up
  costproxy conversation ID                          one conversation of it, turn by turn
  costproxy export > exchanges.jsonl                 all of it, for other programs

point the application at it, and change nothing else:
  export OPENAI_BASE_URL=http://{listen.host}:{listen.port}/v1
or in Python:
  from openai import OpenAI
  client = OpenAI(base_url="http://{listen.host}:{listen.port}/v1")

then look at:
  http://{admin.host}:{admin.port}/                     a page to look at
  http://{admin.host}:{admin.port}/metrics              for Prometheus

`costproxy serve --help` lists the flags; serve is what runs when no command is named.
"""

SERVE_NOTE = """\
Flags win over environment variables, and those over the settings file. Every setting has a key in the file:
config/costproxy.toml shows them all, docs/configuration.md explains them."""


PRICE_NOTE = """\
Each line holds one exchange: {"host", "path", "status", "request_headers", "request", "response_headers", "response"
(an object) or "response_text" (the body as it was, a stream too), "at"}. All but the response may be missing. Lines
that cannot be read are named and left out, and the exit code is 1 then. docs/prices.md explains the output."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 is success, 1 a failure such as a busy port, 2 unusable settings or a wrong command line.

    Args:
        argv: the words after the program's name; `None` for those of this process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        options = _parser().parse_args(_with_command(words))
    except SystemExit as done:  # argparse has printed help, the version or what is wrong
        return done.code if isinstance(done.code, int) else OK
    return _run(COMMANDS[options.command], options)


def _run(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    try:
        return command(options)
    except ConfigError as error:
        problems = "".join(f"\n  {line}" for line in str(error).splitlines())
        print(f"costproxy: the settings cannot be used:{problems}", file=sys.stderr)
        return UNUSABLE_SETTINGS
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (CostproxyError, OSError) as error:
        print(f"costproxy: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _serve(options: argparse.Namespace) -> int:
    settings = _settings(options)
    # Here, so that the other commands need not wait for the whole proxy to be loaded.
    from costproxy.app import serve  # noqa: PLC0415

    return serve(settings)


def _check(options: argparse.Namespace) -> int:
    from costproxy.overrides import open_prices  # noqa: PLC0415 - as in _serve

    settings = _settings(options)
    table = open_prices(settings).catalogue.info
    for line in describe(settings):
        print(line)
    print(f"prices: table {table.version}, read from its sources on {table.date} (`costproxy prices --check`)")
    for notice in settings.notices:
        print(f"notice: {notice}")
    return OK


def _demo(options: argparse.Namespace) -> int:
    from costproxy.demo.run import main as demo  # noqa: PLC0415 - as in _serve

    return demo(
        host=options.host,
        port=options.port,
        admin_host=options.admin_host,
        admin_port=options.admin_port,
        seconds=options.seconds,
        speed=options.speed,
    )


def _price(options: argparse.Namespace) -> int:
    from costproxy.commands.price import price  # noqa: PLC0415 - as in _serve

    return price(options.files, _file_settings(options), as_json=options.format == "json")


def _prices(options: argparse.Namespace) -> int:
    from costproxy.commands.prices import Asked, prices  # noqa: PLC0415 - as in _serve

    asked = Asked(
        model=options.model,
        search=options.search,
        dialect=options.dialect,
        upstream=options.upstream,
        check=options.check,
        as_json=options.format == "json",
    )
    return prices(asked, _file_settings(options))


def _replay(options: argparse.Namespace) -> int:
    from costproxy.commands.replay import Wanted, replay  # noqa: PLC0415 - as in _serve

    wanted = Wanted(
        interleave=options.interleave,
        seed=options.seed,
        model=options.model,
        top=options.top,
        as_json=options.format == "json",
    )
    return replay(options.files, _file_settings(options), wanted)


def _of_ledger(options: argparse.Namespace) -> int:
    from costproxy.commands.opened import opened  # noqa: PLC0415 - as in _serve

    command = next(each for each in LEDGER_COMMANDS if each.name == options.command)
    with opened(options.data_dir, _file_settings(options), os.environ) as ledger:
        return command.run(ledger, options)


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "check": _check,
    "demo": _demo,
    "price": _price,
    "prices": _prices,
    "replay": _replay,
    **{each.name: _of_ledger for each in LEDGER_COMMANDS},
}


def _settings(options: argparse.Namespace) -> Settings:
    flags = {key.word: getattr(options, key.word) for key in _flag_keys() if key.word}
    return load_settings(file=options.config, env=os.environ, flags=flags)


def _file_settings(options: argparse.Namespace) -> Settings:
    return load_settings(file=options.config, env=os.environ, flags={})


def _with_command(words: list[str]) -> list[str]:
    """Put `serve` first where no command is named."""
    names_none = not words or (words[0].startswith("-") and words[0] not in {"-h", "--help", "--version"})
    return ["serve", *words] if names_none else words


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="costproxy",
        description=INTRODUCTION,
        epilog=TEACHING.format(listen=ListenSettings(), admin=AdminSettings()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"costproxy {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_command(commands, "serve", "run the proxy (the default)", _add_settings_flags)
    _add_command(commands, "check", "read the settings, print what they mean, start nothing", _add_settings_flags)
    _add_command(commands, "demo", "run it with simulated applications and a simulated API", add_demo_flags)
    _add_command(commands, "price", "price recorded exchanges offline, to check against a bill", _add_price_flags)
    _add_command(commands, "prices", "show the known models, or what would be used for one and why", _add_prices_flags)
    _add_command(commands, "replay", "replay recorded conversations offline, to see how they grow", _add_replay_flags)
    for each in LEDGER_COMMANDS:
        _add_command(commands, each.name, each.purpose, each.add_flags)
        _add_config_flag(commands.choices[each.name])
    return parser


def _add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    purpose: str,
    add_flags: Callable[[argparse.ArgumentParser], None],
) -> None:
    command = commands.add_parser(
        name,
        help=purpose,
        description=purpose[0].upper() + purpose[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_flags(command)


def _add_settings_flags(parser: argparse.ArgumentParser) -> None:
    parser.epilog = SERVE_NOTE
    _add_config_flag(parser)
    for key in _flag_keys():
        kind = key.setting.kind
        parser.add_argument(str(key.flag), metavar=kind.metavar, help=_help(key))


def _add_price_flags(parser: argparse.ArgumentParser) -> None:
    parser.epilog = PRICE_NOTE
    parser.add_argument("files", metavar="FILE", nargs="+", help="JSON Lines, plain or gzip; - for standard input.")
    _add_reading_flags(parser)


def _add_prices_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", nargs="?", help="A model's name; without it, all are listed.")
    parser.add_argument("--search", metavar="TEXT", help="List only models with these words in their names.")
    parser.add_argument("--check", action="store_true", help="Say how old the prices are; exit with 1 over 60 days.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--dialect", choices=tuple(INCLUDE_USAGE), help="Where it is asked for, by the API's dialect.")
    where.add_argument("--upstream", metavar="NAME", help="Where it is asked for, by an upstream of the settings.")
    _add_reading_flags(parser)


def _add_replay_flags(parser: argparse.ArgumentParser) -> None:
    add_replay_flags(parser)
    _add_reading_flags(parser)


def _add_reading_flags(parser: argparse.ArgumentParser) -> None:
    _add_config_flag(parser)
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="Form of the output. [%(default)s]"
    )


def _add_config_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help=f"Settings file, in TOML. [{CONFIG_VARIABLE}]")


def _flag_keys() -> list[Key]:
    order = ["upstream", "listen", "admin", "log"]
    keys = [key for key in all_keys() if key.flag]
    return sorted(keys, key=lambda key: order.index(key.section) if key.section in order else len(order))


def _help(key: Key) -> str:
    default = "" if key.default is None else f"; {key.default} unless set"
    return f"{key.setting.doc} [{key.variable}{default}]".replace("%", "%%")
