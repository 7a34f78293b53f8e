"""Times of the week at which a price applies."""

import re
from dataclasses import dataclass
from datetime import datetime, time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(r"(?:(\w{3})-(\w{3}) )?(\d\d):(\d\d)-(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of the day, UTC, on some days of the week; a span that ends before it starts runs over midnight."""

    first_day: int = 0  # Monday is 0
    last_day: int = 6
    start: time  # inclusive
    end: time  # exclusive

    def holds(self, at: datetime) -> bool:
        """Tell whether the moment `at` (UTC) is inside; the weekday is that of the moment itself."""
        if not self.first_day <= at.weekday() <= self.last_day:
            return False
        moment = at.time()
        if self.end <= self.start:
            return moment >= self.start or moment < self.end
        return self.start <= moment < self.end


def parse_windows(text: str) -> tuple[Window, ...]:
    """Return the windows of a text such as `Mon-Fri 01:00-04:00, Mon-Fri 06:00-10:00`; days may be left out.

    Raises:
        ValueError: the text has another form.
    """
    return tuple(_window(part) for part in text.split(", "))


def _window(text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if found is None or not {found[1], found[2]} <= {None, *_DAYS}:
        raise ValueError(f'price window: expected "Mon-Fri 01:00-04:00", got "{text}"')
    first, last = (_DAYS.index(found[1]), _DAYS.index(found[2])) if found[1] else (0, 6)
    start, end = time(int(found[3]), int(found[4])), time(int(found[5]), int(found[6]))
    return Window(first_day=first, last_day=last, start=start, end=end)
