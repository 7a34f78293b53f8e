"""Write the generated files and the generated parts of the documentation, or check that they are up to date.

A part of a Markdown file stands between two comments and is replaced as a whole:

    <!-- generated: settings -->
    <!-- /generated -->

To add a part, add its name and a function that yields its lines to `PARTS`; to add a file that is generated
as a whole, add it to `FILES`.
"""

import argparse
import difflib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from costproxy.admin import openapi
from costproxy.admin.endpoints import ENDPOINTS
from costproxy.recording import series
from costproxy.settings.app_keys import APP_KEYS
from costproxy.settings.dialects import AUTO, HOSTS, INCLUDE_USAGE, PORTS
from costproxy.settings.keys import MODELS, NAMED, SECTIONS, TABLES_BY_NAME, TOP, Key, keys_of

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "scripts/generate_docs.py"

_PART = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)

HEAD = """\
# costproxy: every setting with its default. Generated from the code; a copy of it is a good start.
#
#   costproxy serve --config costproxy.toml     (or COSTPROXY_CONFIG=costproxy.toml)
#   costproxy check --config costproxy.toml     says what the settings mean, and starts nothing
#
# To set something, take away the "#" before it. The environment variable and the flag after a description set
# the same thing; flags win over variables, and variables over this file. Unknown keys stop the start.
# In a text, ${NAME} stands for that environment variable and $${ for these characters themselves.
# A relative path is taken from this file's directory.
"""

NAMED_EXAMPLE = """\
# Further upstreams, each reached by its own first path segment: with the lines below, applications use
# base_url = "http://127.0.0.1:8787/groq/v1". A table [upstreams.NAME] needs a url; it may have the other keys
# of [upstream] too, except name, and a mount. NAME is made of lower-case letters, digits and hyphens.
#
#     [upstreams.groq]
#     url = "https://api.groq.com/openai"
#
#     [upstreams.own-servers]
#     url = "http://gpu-box:8000"
#     mount = "/local"
#     dialect = "vllm"
"""

APP_KEYS_EXAMPLE = """\
# {doc}
# At least 16 digits of the digest; never the key itself. To get it: printf %s "$OPENAI_API_KEY" | sha256sum
#
#     [apps.keys]
#     "sha256:2c26b46b68ffc68f" = "support-chat"
"""


MODELS_EXAMPLE = """\
# What is known better than in the catalogue: names of one's own, prices, contracts and limits. A table stands for
# the model of its name, as requests or replies give it; "*" for every model that has no table of its own.
# Prices are in $ per million tokens. docs/prices.md explains them, and `costproxy prices MODEL` shows what is used.
#
#     [models.our-deployment]
#     same_as = "openai/gpt-4o"
#     discount_percent = 15
#
#     [models."our-org/own-model"]
#     price_input = 0.2
#     price_output = 0.6
#     context_window = 32768
"""

MODELS_NOTE = """\
One model, by the name that is asked for or that replies give, or `*` for every model without a table of its own. What
is not set stays as the catalogue has it. Prices are in $ per million tokens, and take the place of all the catalogue's:
one of them calls for `price_input` and `price_output` too. In a `price_` of tokens, `"2.5, 5 above 272000"` is the
price of requests with short prompts and then that of requests with more prompt tokens than that."""

BY_NAME = {
    NAMED: (
        "`[upstreams.NAME]`",
        "As `[upstream]`, with `url` required, `mount` in addition and no `name` (it is `NAME`).",
    ),
    MODELS: (
        '`[models."NAME"]`',
        MODELS_NOTE,
    ),
}

NAMES_OF_TABLES = {(NAMED, "mount"): "/NAME", (MODELS, "name"): "NAME"}  # defaults that stand in the table's name

# Sections of which the reference file shows an example, not the keys.
EXAMPLES = {NAMED: NAMED_EXAMPLE, MODELS: MODELS_EXAMPLE}


def literal(key: Key) -> str:
    """Return a key's default as TOML writes it."""
    if key.default is None:
        return json.dumps(key.setting.kind.unset)
    return str(key.default).lower() if isinstance(key.default, bool) else json.dumps(key.default)


def reference_file() -> str:
    """Return config/costproxy.toml."""
    blocks = [HEAD]
    for section, values in SECTIONS.items():
        if section in EXAMPLES:
            blocks.append(EXAMPLES[section])
            continue
        if section != TOP:
            blocks.append(f"# {_summary(values)}\n[{section}]\n")
        blocks += [_file_entry(key) for key in keys_of(section).values()]
    return "\n".join(blocks)


def _file_entry(key: Key) -> str:
    if key.setting.kind is APP_KEYS:
        return APP_KEYS_EXAMPLE.format(doc=key.setting.doc)
    names = ", ".join(name for name in (key.variable, key.flag) if name)
    return f"# {key.setting.doc}\n# ({names})\n#{key.name} = {literal(key)}\n"


def settings_tables() -> Iterator[str]:
    """Yield a table per section."""
    for section, values in SECTIONS.items():
        title, summary = BY_NAME.get(section, (f"`[{section}]`", _summary(values)))
        yield f"### {title if section != TOP else 'Before the first section'}"
        yield ""
        if section != TOP:
            yield summary
            yield ""
        yield from _settings_table(section)
        yield ""


def _settings_table(section: str) -> Iterator[str]:
    yield "| Key | Default | Meaning | Accepts | Variable, flag |"
    yield "|---|---|---|---|---|"
    for key in keys_of(section).values():
        if section == NAMED and key.name != "mount":
            continue
        names = "<br>".join(f"`{name}`" for name in (key.variable, key.flag) if name) or "only in the file"
        yield f"| `{key.name}` | {_default(key)} | {key.setting.doc} | {key.setting.kind.expected} | {names} |"


def _default(key: Key) -> str:
    if (key.section, key.name) in NAMES_OF_TABLES:
        return f"`{NAMES_OF_TABLES[key.section, key.name]}`"
    if key.setting.kind is APP_KEYS or (key.section in TABLES_BY_NAME and key.default is None):
        return "none"
    return f"`{key.default}`" if isinstance(key.default, Decimal) else f"`{literal(key)}`"


def dialect_table() -> Iterator[str]:
    """Yield the table of dialects."""
    yield f"| Dialect | `{AUTO}` finds it at | `include_usage` by default |"
    yield "|---|---|---|"
    for dialect, asks in INCLUDE_USAGE.items():
        places = [f"`{_host_pattern(host)}`" for host, found in HOSTS.items() if found == dialect]
        places += [f"port {port}" for port, found in PORTS.items() if found == dialect]
        yield f"| `{dialect}` | {', '.join(places) or 'nothing: it has to be named'} | {str(asks).lower()} |"


def metrics_table() -> Iterator[str]:
    """Yield the table of series, and the buckets of the histograms among them."""
    yield "| Series | Type | Labels | Meaning |"
    yield "|---|---|---|---|"
    for each in series.ALL:
        labels = ", ".join(f"`{label}`" for label in each.labels)
        yield f"| `{each.exported_name}` | {each.kind} | {labels} | {each.help} |"
    yield ""
    yield "| Histogram | Upper bounds of its buckets |"
    yield "|---|---|"
    for each in series.ALL:
        if each.buckets:
            yield f"| `{each.exported_name}` | {', '.join(f'{bound:.15g}' for bound in each.buckets)} |"


def api_table() -> Iterator[str]:
    """Yield the table of the API's paths."""
    yield "| Path | Gives |"
    yield "|---|---|"
    for each in ENDPOINTS:
        known = ", ".join(f"`{parameter.name}`" for parameter in each.parameters)
        yield f"| `{each.path}` | {each.doc}{f' Parameters: {known}.' if known else ''} |"


def _host_pattern(suffix: str) -> str:
    return f"*{suffix}" if suffix.startswith("-") else suffix


def _summary(values: type) -> str:
    return (values.__doc__ or "").splitlines()[0]


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "settings": settings_tables,
    "dialects": dialect_table,
    "metrics": metrics_table,
    "api": api_table,
}

FILES: Mapping[str, Callable[[], str]] = {
    "config/costproxy.toml": reference_file,
    "docs/openapi.json": openapi.text,
}


def filled(text: str, place: str) -> str:
    """Return a Markdown text with its generated parts written anew.

    Raises:
        SystemExit: it asks for a part that does not exist.
    """

    def part(match: re.Match[str]) -> str:
        if match["name"] not in PARTS:
            sys.exit(f'{place}: expected one of {", ".join(PARTS)}, found "generated: {match["name"]}"')
        return match[1] + "\n".join(PARTS[match["name"]]()).rstrip() + "\n" + match[3]

    whole, count = _PART.subn(part, text)
    if count != text.count("<!-- generated:"):
        sys.exit(f'{place}: expected every "<!-- generated: … -->" on a line of its own and closed')
    return whole


def generated() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with what it should hold."""
    for name, render in FILES.items():
        yield ROOT / name, render()
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text(encoding="utf-8")
        yield path, filled(text, path.relative_to(ROOT).as_posix())


def stale() -> list[tuple[Path, str, str]]:
    """Return the files that are not up to date: where, what is there, what should be there."""
    found = []
    for path, wanted in generated():
        present = path.read_text(encoding="utf-8") if path.exists() else ""
        if present != wanted:
            found.append((path, present, wanted))
    return found


def main() -> int:
    """Write what is stale; with `--check` print the difference instead and return 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a file is stale")
    check = parser.parse_args().check
    found = stale()
    for path, present, wanted in found:
        name = path.relative_to(ROOT).as_posix()
        if check:
            lines = difflib.unified_diff(
                present.splitlines(), wanted.splitlines(), name, f"{name}, generated", lineterm=""
            )
            print("\n".join(lines))
        else:
            path.write_text(wanted, encoding="utf-8")
            print(f"wrote {name}")
    if check and found:
        print(f"{len(found)} stale: run {COMMAND}", file=sys.stderr)
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
