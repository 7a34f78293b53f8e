from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from costproxy.errors import ConfigError
from costproxy.settings import Settings, UpstreamSettings, load_settings


def test_without_anything_the_defaults_hold(load):
    settings = load()

    assert settings == Settings()
    assert (settings.listen.host, settings.listen.port) == ("127.0.0.1", 8787)
    assert (settings.admin.host, settings.admin.port) == ("127.0.0.1", 8788)
    assert settings.upstream.url == "https://api.openai.com"
    assert settings.upstreams == (settings.upstream,)
    assert settings.upstream.include_usage is True
    assert settings.data_dir is None
    assert settings.notices == ()


def test_flags_win_over_variables_and_variables_over_the_file(load):
    text = "[listen]\nport = 1\n[admin]\nport = 2\n[limits]\nmodels = 3\n"
    settings = load(text, {"COSTPROXY_PORT": "10", "COSTPROXY_ADMIN_PORT": "20"}, port="100")

    assert (settings.listen.port, settings.admin.port, settings.limits.models) == (100, 20, 3)


def test_a_flag_that_was_not_given_overrides_nothing(load):
    assert load("[listen]\nport = 1\n", port=None).listen.port == 1


def test_a_bad_value_is_reported_even_where_another_overrides_it(problems):
    assert problems("[listen]\nport = 'x'\n", {"COSTPROXY_PORT": "y"}, port=1) == [
        'costproxy.toml:2: listen.port: expected a whole number from 0 to 65535, found "x"',
        'environment variable COSTPROXY_PORT: expected a whole number from 0 to 65535, found "y"',
    ]


def test_the_environment_names_the_file_unless_a_flag_does(tmp_path):
    (tmp_path / "a.toml").write_text("[listen]\nport = 1\n")
    (tmp_path / "b.toml").write_text("[listen]\nport = 2\n")
    env = {"COSTPROXY_CONFIG": str(tmp_path / "a.toml")}

    assert load_settings(file=None, env=env, flags={}).listen.port == 1
    assert load_settings(file=tmp_path / "b.toml", env=env, flags={}).listen.port == 2


def test_an_empty_name_of_a_file_is_not_taken_for_none(problems):
    assert problems(None, {"COSTPROXY_CONFIG": ""}) == [
        "expected a path in the environment variable COSTPROXY_CONFIG, found an empty text"
    ]


def test_named_upstreams_are_mounted_under_their_name_unless_told_otherwise(load):
    settings = load(
        """
        [upstreams.groq]
        url = "https://api.groq.com/openai/v1"
        [upstreams.local]
        url = "http://gpu-box:8000"
        mount = "/gpu"
        idle_timeout = 5
        """
    )

    default, groq, local = settings.upstreams
    assert default.url == "https://api.openai.com"
    assert (groq.name, groq.mount, groq.url) == ("groq", "/groq", "https://api.groq.com/openai")
    assert (groq.dialect, groq.include_usage) == ("groq", False)
    assert (local.name, local.mount, local.idle_timeout) == ("local", "/gpu", 5.0)
    assert [notice.partition(": ")[2] for notice in settings.notices] == [
        (
            'upstreams.groq.url: the "/v1" at the end was left off, for every request\'s path brings it:'
            " https://api.groq.com/openai"
        )
    ]


def test_a_named_upstream_needs_a_url(problems):
    assert problems("[upstreams.a]\nmount = '/b'\n") == [
        "costproxy.toml:1: upstreams.a.url: expected a URL, found nothing"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[upstreams.a]\nurl='http://a'\n[upstreams.b]\nurl='http://b'\nmount='/a'\n",
            'costproxy.toml:5: upstreams.b.mount: expected a mount of its own, found "/a", where "a" is mounted',
        ),
        (
            "[upstreams.default]\nurl='http://a'\n",
            (
                "costproxy.toml:1: upstreams.default: expected a name of its own,"
                ' found "default", the default upstream\'s name'
            ),
        ),
        (
            "[upstreams.v1]\nurl='http://a'\n",
            "upstreams.v1.mount: expected another mount than the default upstream's own path /v1",
        ),
        (
            "[admin]\nport = 8787\n",
            "costproxy.toml:2: admin.port: expected another port than the traffic port, found 8787 for both",
        ),
        (
            "[upstream]\nurl = 'http://localhost:8787'\n",
            "costproxy.toml:2: upstream.url: expected the address of an upstream, found the traffic port's own",
        ),
        (
            "[upstream]\nca_file = 'none.pem'\n",
            "costproxy.toml:2: upstream.ca_file: expected a readable PEM file, found: No such file or directory",
        ),
    ],
)
def test_settings_that_do_not_fit_together_stop_the_start(problems, text, problem):
    assert problems(text) == [problem]


@pytest.mark.parametrize(
    "flags",
    [
        {"port": 5, "admin_port": 5, "host": "127.0.0.1", "admin_host": "127.0.0.2"},
        {"port": 0, "admin_port": 0},
        {"upstream": "http://127.0.0.1:8789"},
    ],
)
def test_settings_that_only_look_alike_are_fine(load, flags):
    load(**flags)


def test_plain_http_to_a_provider_is_mentioned_and_elsewhere_is_not(load):
    assert "unencrypted" in load(upstream="http://api.openai.com").notices[0]
    assert load(upstream="http://127.0.0.1:1").notices == ()


def test_flags_reach_every_scalar_setting(load):
    settings = load(upstream_include_usage=False, shutdown_grace=1, data_dir=Path("/d"))

    assert settings.upstream.include_usage is False
    assert settings.shutdown.grace == 1.0
    assert settings.data_dir == Path("/d")


def test_an_unknown_flag_is_refused(problems):
    assert problems(prot=1) == ['flags: expected a known flag (did you mean "port"?), found "prot"']


def test_an_upstream_made_by_hand_has_nothing_left_to_guess():
    upstream = UpstreamSettings(url="https://api.mistral.ai/v1/")

    assert upstream.url == "https://api.mistral.ai"
    assert (upstream.dialect, upstream.include_usage) == ("mistral", False)
    assert replace(upstream, idle_timeout=1.0).host == "api.mistral.ai"
    with pytest.raises(ConfigError, match="no scheme"):
        UpstreamSettings(url="api.mistral.ai")


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Settings().listen.port = 1
    assert hash(Settings()) == hash(Settings())


@pytest.mark.parametrize(("dialect", "asks"), [("openai", True), ("mistral", False)])
def test_a_named_dialect_decides_what_is_asked_for(load, dialect, asks):
    text = f"[upstream]\nurl = 'http://gateway.example'\ndialect = '{dialect}'\n"

    assert load(text).upstream.include_usage is asks
    assert load(text + "include_usage = true").upstream.include_usage is True
    assert load(text + "include_usage = false").upstream.include_usage is False
