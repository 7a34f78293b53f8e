import gzip
import json
import os
import threading

import pytest

from costproxy.offline import lines
from costproxy.offline.documents import read_documents
from costproxy.offline.lines import Line, read_lines

QUESTION = {"role": "user", "content": 'a "quoted" [ and a \\ at the end \\'}
ANSWER = {"role": "assistant", "content": "}]"}
TALK = [QUESTION, ANSWER]


@pytest.fixture
def read(tmp_path):
    """Read a file that holds some text, and return its documents, their places cut to what follows the name."""

    def read(text: str | bytes) -> list[Line]:
        file = tmp_path / "a"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return list(read_documents(str(file)))

    return read


def places(documents: list[Line]) -> list[str]:
    return [document.place.rpartition("/a:")[2] for document in documents]


def values(documents: list[Line]) -> list[object]:
    return [json.loads(document.text) for document in documents if document.problem is None]


def test_lines_that_are_documents_stay_as_they_are(read, tmp_path):
    text = f"{json.dumps(TALK)}\n\n{json.dumps({'messages': TALK})}\nodd\n7\n{{\n"
    assert read(text) == list(read_lines(str(tmp_path / "a")))


@pytest.mark.parametrize("indent", [0, 1, 4, "\t"])
@pytest.mark.parametrize("value", [{"messages": TALK}, TALK])
def test_a_document_may_stand_on_several_lines(read, value, indent):
    text = json.dumps(value, indent=indent)
    more = f"{text}\n{json.dumps(TALK)}\n{text}\n"
    found = read(more)
    assert values(found) == [value, TALK, value]
    assert places(found) == ["1", str(text.count("\n") + 2), str(text.count("\n") + 3)]
    assert sum(line.read for line in found) == len(more)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("items", [[TALK, [QUESTION]], [{"messages": TALK}, {"input": "hi"}, {"odd": 1}]])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_array_of_recordings_is_taken_apart(read, items, indent, pack):
    text = pack(json.dumps(items, indent=indent).encode())
    found = read(text)
    assert values(found) == items
    assert places(found) == [f"1[{at}]" for at in range(len(items))]
    assert sum(line.read for line in found) == len(text)


def test_items_on_lines_of_their_own_are_taken_apart(read):
    assert values(read(f"[\n{json.dumps(TALK)},\n{json.dumps(TALK)}\n]\n")) == [TALK, TALK]
    assert values(read(f"[{json.dumps(TALK)}, \n {json.dumps(TALK)}]\n")) == [TALK, TALK]
    assert values(read(f"[\n  {json.dumps(TALK)}\n, {json.dumps(TALK)}\n]\n")) == [TALK, TALK]


def test_a_document_that_is_cut_off_is_one_problem(read):
    whole = json.dumps([TALK] * 50, indent=1)
    (found,) = read(whole[: whole.rindex("\n", 0, len(whole) // 2)])
    assert found.problem.startswith("expected a JSON document, on a line or over several, found ")
    assert found.problem.endswith("lines that begin one and do not end it")


@pytest.mark.parametrize("cut", ['{"messages": [', '{"messages": [{"role": "us', '{"a": [1,', '{"a": 1'])
@pytest.mark.parametrize("following", [0, 1, 2, 3])
def test_a_line_that_is_cut_off_takes_no_other_with_it(read, cut, following):
    found = read("\n".join([cut, *[json.dumps({"messages": TALK})] * following]))
    assert values(found[1:]) == [{"messages": TALK}] * following
    assert places(found)[0] == "1"
    assert found[0].problem or found[0].text == cut.encode()


def test_a_broken_archive_is_told_beside_the_document_that_it_breaks(read):
    packed = gzip.compress(json.dumps([[{"role": "user", "content": str(n)}] for n in range(9999)], indent=1).encode())
    first, last = read(packed[: len(packed) // 2])
    assert "do not end it" in first.problem
    assert "expected a readable file" in last.problem


def test_a_document_that_is_too_long_is_one_problem_and_the_next_is_read(read, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 100)
    first, second = read(f"{json.dumps([TALK] * 9, indent=1)}\n[]\n")
    assert first.problem.startswith("expected at most 100 bytes of JSON over several lines, found more; `jq -c .`")
    assert values([second]) == [[]]


@pytest.mark.parametrize("text", ["[1, 2]", "[[[", '["a"]', "[{]", '[{"role": "user", "input": 1}]', "[]", "{}{}", "]"])
def test_what_is_no_array_of_recordings_is_left_to_others(read, text):
    assert [line.text for line in read(text)] == [text.encode()]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_with_a_name_is_read_once(tmp_path, pack):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = pack(f"{json.dumps(TALK)}\n{json.dumps(TALK, indent=1)}\n".encode())
    writer = threading.Thread(target=pipe.write_bytes, args=(text,), daemon=True)
    writer.start()
    found = list(read_documents(str(pipe)))
    writer.join(10)
    assert values(found) == [TALK, TALK]
    assert [line.read for line in found] == [0, 0]
