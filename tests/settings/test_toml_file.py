import time

import pytest

from costproxy.errors import ConfigError
from costproxy.settings.toml_file import LARGEST, read_toml

TEXT = '''\
# a comment with [brackets] and key = "value"

top = 1
text = """
[not.a.table]
no = "key"
"""
[table] # with a comment
"quoted key" = [
    1,
    2, # x = 3
]
inline = { a = 1, b.c = 2 }
[table.inner]
x = 1
[[list]]
y = 1
'''


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_key_knows_the_line_it_begins_on(tmp_path, newline):
    (tmp_path / "a.toml").write_bytes(TEXT.replace("\n", newline).encode())
    lines = read_toml(tmp_path / "a.toml").lines

    assert lines == {
        ("top",): 3,
        ("text",): 4,
        ("table",): 8,
        ("table", "quoted key"): 9,
        ("table", "inline"): 13,
        ("table", "inline", "a"): 13,
        ("table", "inline", "b"): 13,
        ("table", "inline", "b", "c"): 13,
        ("table", "inner"): 14,
        ("table", "inner", "x"): 15,
        ("list",): 16,
        ("list", "y"): 17,
    }


def test_a_place_without_a_line_of_its_own_has_that_of_its_table(tmp_path):
    (tmp_path / "a.toml").write_text(TEXT)
    file = read_toml(tmp_path / "a.toml")

    assert file.place(("table", "missing")) == f"{file.path}:8: table.missing"
    assert file.place(("missing",)) == f"{file.path}: missing"


def test_a_byte_order_mark_is_no_error(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")

    assert read_toml(tmp_path / "a.toml").values == {"a": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = 1\nb = \n", "expected TOML, found: Invalid value (at line 2, column 5)"),
        (b"a = 1\na = 2\n", "(at line 2, column 6)"),
        (b"a = 1\n# \xff\n", ":2: expected UTF-8, found the byte 0xff"),
        (b"a = " + b"9" * 5000, "expected TOML, found: Exceeds the limit"),
        (b"a = " + b"[" * 100_000, "nested"),
        (b"#" * (LARGEST + 1), "expected at most 1048576 bytes of TOML, found more"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_place(tmp_path, data, message):
    (tmp_path / "a.toml").write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_toml(tmp_path / "a.toml")

    assert str(caught.value).startswith(str(tmp_path / "a.toml"))
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: expected a readable file, found: No such file"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="found: Is a directory"):
        read_toml(tmp_path)


def test_lines_of_a_long_value_are_not_searched_for_without_end(tmp_path):
    (tmp_path / "a.toml").write_text('a = 1\nb = """\n' + "x\n" * 300_000 + '"""\n')
    start = time.process_time()

    assert read_toml(tmp_path / "a.toml").lines == {("a",): 1}
    assert time.process_time() - start < 2.0
