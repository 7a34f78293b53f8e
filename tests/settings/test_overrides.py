from pathlib import Path

import pytest

from costproxy.settings.keys import CONFIG_VARIABLE, all_keys

SERVICE_LINKS = {
    "COSTPROXY_SERVICE_HOST": "10.0.0.1",
    "COSTPROXY_SERVICE_PORT": "8787",
    "COSTPROXY_SERVICE_PORT_TRAFFIC": "8787",
    "COSTPROXY_PORT": "tcp://10.0.0.1:8787",
    "COSTPROXY_PORT_8787_TCP": "tcp://10.0.0.1:8787",
    "COSTPROXY_PORT_8787_TCP_PROTO": "tcp",
    "COSTPROXY_PORT_8787_TCP_PORT": "8787",
    "COSTPROXY_PORT_8787_TCP_ADDR": "10.0.0.1",
    "COSTPROXY_ADMIN_SERVICE_HOST": "10.0.0.2",
    "COSTPROXY_ADMIN_PORT": "tcp://10.0.0.2:8788",
    "COSTPROXY_EU_WEST_PORT": "tcp://10.0.0.3:8787",
}


def test_what_kubernetes_sets_for_a_service_is_not_taken_for_settings(load):
    settings = load(None, SERVICE_LINKS)

    assert (settings.listen.port, settings.admin.port) == (8787, 8788)
    assert settings.notices == (
        (
            "environment variable COSTPROXY_ADMIN_PORT: ignored, for Kubernetes sets it to a Service's address"
            " (use --admin-port or the settings file)"
        ),
        (
            "environment variable COSTPROXY_PORT: ignored, for Kubernetes sets it to a Service's address"
            " (use --port or the settings file)"
        ),
    )


def test_every_kind_of_value_can_come_from_the_environment(load):
    settings = load(
        None,
        {
            "COSTPROXY_UPSTREAM": " https://api.x.ai ",
            "COSTPROXY_HOST": "::1",
            "COSTPROXY_PORT": "0",
            "COSTPROXY_LOG_LEVEL": "WARNING",
            "COSTPROXY_DATA_DIR": "/data",
            "COSTPROXY_UPSTREAM_INCLUDE_USAGE": "off",
            "COSTPROXY_UPSTREAM_KEEPALIVE": "2.5",
            "COSTPROXY_LIMITS_METERED_BYTES": "1000",
            "HOME": "/not/ours",
        },
    )

    assert settings.upstream.url == "https://api.x.ai"
    assert (settings.listen.host, settings.listen.port) == ("::1", 0)
    assert settings.log.level == "warning"
    assert settings.data_dir == Path("/data")
    assert settings.upstream.include_usage is False
    assert settings.upstream.keepalive == 2.5
    assert settings.limits.metered_bytes == 1000


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        ("COSTPROXY_PORT", "eighty", 'expected a whole number from 0 to 65535, found "eighty"'),
        ("COSTPROXY_PORT", "", "expected a whole number from 0 to 65535, found an empty text"),
        ("COSTPROXY_PORT", "80_80", 'expected a whole number from 0 to 65535, found "80_80"'),
        ("COSTPROXY_SHUTDOWN_GRACE", "nan", "expected seconds, from 0 to 86400, found nan"),
        ("COSTPROXY_UPSTREAM", "", "found blanks, or characters outside ASCII"),
        ("COSTPROXY_UPSTREAM_INCLUDE_USAGE", "perhaps", 'expected true, false or "auto", found "perhaps"'),
        ("COSTPROXY_UPSTREEM", "http://a", "expected COSTPROXY_UPSTREAM, found an unknown name"),
        ("COSTPROXY_UPSTREAM_URL", "http://a", "expected COSTPROXY_UPSTREAM, found an unknown name"),
        ("COSTPROXY_LISTEN_PORT", "1", "expected COSTPROXY_PORT, found an unknown name"),
        ("COSTPROXY_CONFG", "a.toml", "expected COSTPROXY_CONFIG, found an unknown name"),
    ],
)
def test_a_variable_that_cannot_be_used_stops_the_start(problems, variable, text, problem):
    (found,) = problems(None, {variable: text})

    assert found.startswith(f"environment variable {variable}: expected ")
    assert problem in found


def test_a_variable_that_belongs_to_others_is_mentioned_and_left_alone(load):
    assert load(None, {"COSTPROXY_URL": "http://costproxy:8787"}).notices == (
        "environment variable COSTPROXY_URL: ignored, for it is no setting",
    )


def test_no_variable_or_flag_stands_for_two_settings():
    variables = [key.variable for key in all_keys() if key.variable] + [CONFIG_VARIABLE]

    assert len(variables) == len(set(variables))


def test_the_common_flags_are_the_promised_ones():
    assert {key.flag for key in all_keys() if key.flag} == {
        *("--upstream", "--host", "--port", "--admin-host", "--admin-port", "--log-level", "--data-dir"),
    }
