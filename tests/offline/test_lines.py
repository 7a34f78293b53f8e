import gzip
import io
import sys
from types import SimpleNamespace

import pytest

from costproxy.offline import lines
from costproxy.offline.lines import read_lines

TEXT = b'\xef\xbb\xbf{"a":1}\r\n\n  \n{"b":2}'


@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_numbered_and_blank_ones_left_out(tmp_path, packed):
    file = tmp_path / "a.jsonl"  # what is inside decides, not the name
    file.write_bytes(gzip.compress(TEXT) if packed else TEXT)

    found = [(line.place, line.text, line.problem) for line in read_lines(str(file))]
    assert found == [(f"{file}:1", b'{"a":1}', None), (f"{file}:4", b'{"b":2}', None)]


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_is_a_file_too(monkeypatch, packed):
    data = io.BytesIO(gzip.compress(TEXT) if packed else TEXT)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=data))

    assert [line.place for line in read_lines("-")] == ["stdin:1", "stdin:4"]


def test_an_empty_file_has_no_lines(tmp_path):
    (tmp_path / "a").write_bytes(b"")

    assert list(read_lines(str(tmp_path / "a"))) == []


def test_a_file_that_is_not_there_is_a_problem(tmp_path):
    (line,) = read_lines(str(tmp_path / "none"))

    assert (line.place, line.problem) == (
        str(tmp_path / "none"),
        "expected a readable file, found: No such file or directory",
    )


def test_what_a_cut_archive_still_holds_is_read(tmp_path):
    packed = gzip.compress(b"".join(b'{"a":%d}\n' % number for number in range(50_000)))
    (tmp_path / "a.gz").write_bytes(packed[: len(packed) // 2])

    *good, last = read_lines(str(tmp_path / "a.gz"))
    assert len(good) > 1000
    assert all(line.problem is None for line in good)
    assert last.problem is not None
    assert last.place == f"{tmp_path}/a.gz:{len(good) + 1}"


def test_damaged_bytes_in_an_archive_are_a_problem(tmp_path):
    packed = bytearray(gzip.compress(b"{}\n" * 100))
    packed[12:20] = b"\xff" * 8
    (tmp_path / "a.gz").write_bytes(packed)

    assert list(read_lines(str(tmp_path / "a.gz")))[-1].problem is not None


def test_a_line_that_is_too_long_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 10)
    (tmp_path / "a").write_bytes(b"x" * 35 + b"\n{}\n" + b"y" * 11)

    found = [(line.place.rpartition(":")[2], line.text, line.problem) for line in read_lines(str(tmp_path / "a"))]
    problem = "expected at most 10 bytes, found more"
    assert found == [("1", b"", problem), ("2", b"{}", None), ("3", b"", problem)]
