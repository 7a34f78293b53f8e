from pathlib import Path

import pytest

CANARY = "sk-canary0123456789abcdefghijkl"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[listen]\n\nprot = 1\n",
            'costproxy.toml:3: listen.prot: expected one of host, port (did you mean "port"?), found an unknown key',
        ),
        (
            "port = 1\n",
            (
                "costproxy.toml:1: port: expected one of data_dir, listen, admin, log, upstream, upstreams, apps,"
                " models, conversations, ledger, limits, shutdown (did you mean listen.port or admin.port?),"
                " found an unknown key"
            ),
        ),
        (
            "[upstreem]\nurl = 'http://a'\n",
            (
                "costproxy.toml:1: upstreem: expected one of data_dir, listen, admin, log, upstream, upstreams, apps,"
                ' models, conversations, ledger, limits, shutdown (did you mean "upstream"?), found an unknown key'
            ),
        ),
        ("listen = 5\n", "costproxy.toml:1: listen: expected a table [listen], found 5"),
        (
            "upstreams = 5\n",
            "costproxy.toml:1: upstreams: expected tables such as [upstreams.groq], found 5",
        ),
        (
            "[[upstreams]]\nurl = 'http://a'\n",
            "costproxy.toml:1: upstreams: expected tables such as [upstreams.groq], found a list",
        ),
        (
            "[upstreams.Big]\nurl = 'http://a'\n",
            (
                "costproxy.toml:1: upstreams.Big: expected a name of lower-case letters, digits and hyphens,"
                ' at most 63, found "Big"'
            ),
        ),
        (
            "[upstream]\nmount = '/a'\n",
            (
                "costproxy.toml:2: upstream.mount: expected one of name, url, dialect, include_usage,"
                " connect_timeout, idle_timeout, keepalive, ca_file, found an unknown key"
            ),
        ),
        (
            "[log]\nlevel = 'inof'\n",
            (
                "costproxy.toml:2: log.level: expected one of debug, info, warning, error"
                ' (did you mean "info"?), found "inof"'
            ),
        ),
        (
            "[shutdown]\ngrace = -1\n",
            "costproxy.toml:2: shutdown.grace: expected seconds, from 0 to 86400, found -1",
        ),
        (
            "data_dir = 1\n",
            "costproxy.toml:1: data_dir: expected a path, found 1",
        ),
        (
            "[upstreams.a]\nurl = 'http://a'\nname = 'b'\n",
            (
                "costproxy.toml:3: upstreams.a.name: expected one of mount, url, dialect, include_usage,"
                " connect_timeout, idle_timeout, keepalive, ca_file (did you mean upstream.name?), found an unknown key"
            ),
        ),
    ],
)
def test_what_is_not_understood_stops_the_start_with_place_expected_and_found(problems, text, problem):
    assert problems(text) == [problem]


def test_all_problems_of_a_file_are_reported_together(problems):
    found = problems("[listen]\nport = true\nhots = ''\n[limits]\nmodels = 0\napps = 1.5\n")

    assert [line.partition(": expected")[0] for line in found] == [
        "costproxy.toml:2: listen.port",
        "costproxy.toml:3: listen.hots",
        "costproxy.toml:5: limits.models",
        "costproxy.toml:6: limits.apps",
    ]


def test_a_variable_in_a_text_is_filled_in(load):
    env = {"HOST_NAME": "gpu-box", "MY_PORT": " 99\n"}
    settings = load('[upstream]\nurl = "http://${HOST_NAME}:8000"\n[listen]\nport = "${MY_PORT}"\n', env)

    assert settings.upstream.host == "gpu-box"
    assert settings.listen.port == 99


def test_a_doubled_dollar_stands_for_itself(load):
    settings = load('[apps.keys]\n"sha256:0123456789abcdef" = "a $${B} $C"\n')

    assert settings.apps.keys == (("0123456789abcdef", "a ${B} $C"),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('url = "${NOT_SET}"', "expected the environment variable NOT_SET to be set, found it is not set"),
        (
            'url = "http://${a-b}"',
            "expected ${NAME} of an environment variable, or $${ for the characters, found another ${",
        ),
    ],
)
def test_a_variable_that_cannot_be_filled_in_stops_the_start(problems, text, problem):
    assert problems(f"[upstream]\n{text}\n") == [f"costproxy.toml:2: upstream.url: {problem}"]


@pytest.mark.parametrize(
    "text",
    [
        '[listen]\nport = "${SECRET}"',
        '[log]\nlevel = "${SECRET}"',
        '[upstream]\nurl = "${SECRET}"',
        '[upstream]\nurl = "https://user:${SECRET}@host"',
        '[upstream]\nurl = "https://host/?key=${SECRET}"',
        '[upstream]\nurl = "https://${SECRET} .example"',
        '[upstreams.a]\nurl = "https://a"\nmount = "${SECRET}"',
        '[apps.keys]\n"sha256:0123456789abcdef" = "${SECRET}"',
        '[listen]\nport = "CANARY"',
        '[listen]\nkey = "CANARY"',
        "[listen]\nCANARY = 1",
        "[CANARY]\nx = 1",
        '[upstreams.CANARY]\nurl = "https://a"',
        '[apps.keys]\nCANARY = "app"',
        '[apps.keys]\nCANARY = "app"\nCANARY = "app"',
        '[apps.keys]\n"sha256:0123456789abcdef" = "CANARY"',
        'api_key = "CANARY',
    ],
)
def test_no_message_shows_what_could_be_a_secret(problems, text):
    found = problems(text.replace("CANARY", CANARY), {"SECRET": CANARY})

    assert found
    assert "canary" not in "\n".join(found)


def test_a_key_in_place_of_its_digest_is_recognised(problems):
    assert problems(f'[apps.keys]\n"{CANARY}" = "app"\n')[0].endswith(
        "found what looks like a key itself (replace that key if others can read this file)"
    )


def test_a_relative_path_is_taken_from_the_files_directory(load, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    settings = load("data_dir = 'data'\n[upstream]\nca_file = 'ca.pem'\n")

    assert settings.data_dir == tmp_path / "data"
    assert settings.upstream.ca_file == tmp_path / "ca.pem"
    assert load("data_dir = '/data'\n").data_dir == Path("/data")
    assert load("data_dir = ''\n").data_dir is None
