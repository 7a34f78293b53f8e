"""A test that cannot run says so, and may stay silent nowhere that counts."""

import pytest

from tests.support.needs import in_ci, need, need_npm

UNKNOWN = "no-such-program-anywhere"


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("1", True), ("", False), ("false", False), ("0", False)]
)
def test_ci_is_what_the_variable_says(value: str, expected: bool) -> None:
    assert in_ci({"CI": value}) is expected


def test_without_the_variable_it_is_not_ci() -> None:
    assert not in_ci({})


def test_a_program_that_is_there_is_found() -> None:
    assert need("sh").is_file()


def test_a_missing_program_skips_a_developers_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"{UNKNOWN} is missing: run"):
        need(UNKNOWN)


def test_a_missing_program_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"{UNKNOWN} is missing: run"):
        need(UNKNOWN)


def test_a_missing_npm_package_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"npm package {UNKNOWN} is missing"):
        need_npm(UNKNOWN)


@pytest.mark.parametrize("tool", ["chromium", "node", "promtool", "prometheus"])
def test_what_the_set_up_promises_is_there(tool: str) -> None:
    assert need(tool).is_file()


@pytest.mark.parametrize("package", ["openai", "@copilotkit/aimock"])
def test_the_npm_packages_are_there(package: str) -> None:
    assert need_npm(package).is_dir()
