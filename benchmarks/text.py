"""Made-up message texts that the load generator and the fake upstream agree on without talking."""

import random

MODEL = "gpt-4.1"

# Words, and lines as tools return them; the latter with the escapes that code has inside JSON.
_WORDS = """\
the a of to and in that is was for it with as on be at by this had not are but from or have an they which one
you were all her she there would their we him been has when who will no more if out so up said what its about
than into them can only other time new some could these two may first then do any like my now over such our man
request answer history context window token thread prompt budget provider cache stream usage limit retry model"""
_LINES = (
    r"def read(path: str) -> dict[str, object]:\n    with open(path, \"rb\") as file:\n        return load(file)\n",
    r"{\"id\": 1832, \"state\": \"open\", \"labels\": [\"wire\", \"proxy\"], \"closed_at\": null}\n",
    r"2026-11-02T10:44:31Z INFO request finished status=200 bytes=48213 duration_ms=912.4\n",
    r"    if not isinstance(value, str):\n        raise TypeError(f\"expected a text, found {value!r}\")\n",
)
_PIECES = 4096
_STRIDE = 1021  # odd, so that serial numbers in a row start at pieces far apart


class Text:
    """A stock of pieces, each ready to stand inside a JSON string; the same in every process."""

    def __init__(self) -> None:
        chance = random.Random(7)
        words = _WORDS.split()
        self._prose = _Stock([" ".join(chance.choices(words, k=14)) + "." for _ in range(_PIECES)])
        self._lines = _Stock([chance.choice(_LINES) for _ in range(_PIECES)])

    def prose(self, serial: int, size: int) -> str:
        """Return about `size` bytes of sentences; another `serial` gives another text."""
        return self._prose.cut(serial, size)

    def lines(self, serial: int, size: int) -> str:
        """Return about `size` bytes of code, records and log lines; another `serial` gives another text."""
        return self._lines.cut(serial, size)

    def answer(self, serial: int, size: int) -> str:
        """Return the assistant message, as JSON, in which the model answers with a text."""
        return f'{{"role":"assistant","content":"{self.prose(serial, size)}"}}'

    def call(self, serial: int) -> str:
        """Return the assistant message, as JSON, in which the model calls a tool."""
        arguments = rf"{{\"path\": \"src/module_{serial}.py\", \"first_line\": {serial % 900}, \"last_line\": 999}}"
        function = f'{{"name":"read_file","arguments":"{arguments}"}}'
        call = f'{{"id":"call_{serial:024d}","type":"function","function":{function}}}'
        return f'{{"role":"assistant","content":null,"tool_calls":[{call}]}}'


class _Stock:
    """Pieces, and texts cut from them."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = 2 * pieces  # so that no cut runs over the end
        self._length = sum(map(len, pieces)) / len(pieces) + 1

    def cut(self, serial: int, size: int) -> str:
        start = serial * _STRIDE % _PIECES
        count = max(1, round(size / self._length))
        return f"{serial} {' '.join(self._pieces[start : start + count])}"
