"""The project names no machine it was made on, no place things were downloaded from, and no secret."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import project_files, shown

# Written in pieces, so that this file passes its own test.
FOLDERS = ("home", "Users", "root", "work", "workspace", "mnt", "tmp")
REGISTRIES = (
    ("pypi", "org"),
    ("files.pythonhosted", "org"),
    ("registry.npmjs", "org"),
    ("deb.debian", "org"),
)

PATH_OF_A_MACHINE = re.compile(rf"(?<![\w.~$)}}*-])/(?:{'|'.join(FOLDERS)})/[\w.-]")
REGISTRY = re.compile("|".join(re.escape(".".join(parts)) for parts in REGISTRIES))
ADDRESS = re.compile(r"\w+://|@\s*file:|--(?:extra-)?index-url|--find-links")
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{35}\b"
    r"|\bgh[opsu]_[A-Za-z0-9]{36}\b"
    r"|\bxox[abprs]-[\w-]{20,}"
    # A random key mixes capitals, small letters and digits; a made-up one in a test seldom does.
    r"|\b(?:sk|gsk|xai)[-_](?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{20,}"
)
LOCKS = ("requirements/dev.txt", "requirements/run.txt", "tests/clients/package-lock.json")

# Files that may say such a thing, and why.
EXCEPTIONS: dict[str, str] = {}


def test_no_file_names_a_path_of_a_machine() -> None:
    assert _lines_with(PATH_OF_A_MACHINE, project_files()) == []


def test_no_file_names_a_package_registry() -> None:
    assert _lines_with(REGISTRY, project_files()) == []


def test_no_file_holds_a_secret() -> None:
    assert _lines_with(SECRET, project_files()) == []


def test_the_locks_name_no_download_address() -> None:
    locks = [path for path in project_files() if shown(path) in LOCKS]
    assert len(locks) == len(LOCKS)
    assert _lines_with(ADDRESS, locks) == []


def test_every_exception_still_exists() -> None:
    assert set(EXCEPTIONS) <= {shown(path) for path in project_files()}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_path_is_noticed(folder: str) -> None:
    assert PATH_OF_A_MACHINE.search(f'path = "/{folder}/somebody/file.txt"')


@pytest.mark.parametrize("text", ["https://example.com/{}/x", "$HOME/{}/x", "tests/{}/x", "/v1/{}/x", "{{dir}}/{}/x"])
def test_a_path_inside_another_is_let_through(text: str) -> None:
    assert not any(PATH_OF_A_MACHINE.search(text.format(folder)) for folder in FOLDERS)


@pytest.mark.parametrize("prefix", ["sk-", "sk-proj-", "gsk_", "xai-"])
def test_a_secret_is_noticed(prefix: str) -> None:
    assert SECRET.search(f"key = {prefix}{'aB3' * 8}")


@pytest.mark.parametrize("text", ["sk-not-a-real-key-for-the-tests", "sk-test", "task-" + "aB3" * 8])
def test_a_made_up_key_is_let_through(text: str) -> None:
    assert not SECRET.search(text)


def _lines_with(pattern: re.Pattern[str], files: list[Path] | tuple[Path, ...]) -> list[str]:
    return [
        f"{shown(path)}:{number}: {line.strip()[:100]}"
        for path in files
        if shown(path) not in EXCEPTIONS
        for number, line in _text_lines(path)
        if pattern.search(line)
    ]


def _text_lines(path: Path) -> Iterator[tuple[int, str]]:
    content = path.read_bytes()
    if b"\0" not in content:
        yield from enumerate(content.decode(errors="replace").splitlines(), start=1)
