"""The plan of the house: which room stands on which floor, and what it may touch."""

# From the ground up. Rooms of one floor do not know each other; a room that is not here has no place yet.
FLOORS = (
    {"errors"},
    {"settings"},
    {"model"},
    {"wire", "tokens", "pricing", "conversations", "quotas"},
    {"meter", "overrides"},
    {"recording"},
    {"relay", "admin", "bookkeeping"},
    {"app", "offline"},
    {"demo"},
    {"commands"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Rooms that know less than everything below them.
ONLY = {
    "model": {"errors"},
    "wire": {"errors", "model"},
    "tokens": {"errors", "model"},
    "pricing": {"errors", "model"},
    "conversations": {"errors", "model"},
    "quotas": {"errors", "model"},
    "overrides": {"errors", "settings", "model", "pricing"},
    "offline": {"errors", "settings", "model", "wire", "tokens", "pricing", "conversations", "meter"},
    "relay": {"errors", "settings", "model", "wire"},
}

# These are fed values and give values: time, randomness and secrets arrive as arguments.
PURE = {"model", "wire", "tokens", "pricing", "conversations", "quotas", "meter"}
IMPURE = (
    *("aiohttp", "asyncio", "http.client", "http.server", "requests", "select", "selectors", "socket", "ssl"),
    *("urllib.request", "uvloop", "logging", "structlog", "prometheus_client", "sqlite3", "sched", "time"),
    *("random", "secrets", "uuid", "os", "shutil", "signal", "subprocess", "tempfile"),
    *("concurrent", "multiprocessing", "queue", "threading"),
)
ALLOWED = {
    ("tokens", "asyncio"): "its counter is awaited, so that a loop goes on while a thread counts",
    ("tokens", "concurrent"): "counting a long text takes long, so it happens in a small pool of threads",
    ("conversations", "threading"): "large requests are placed in a thread, small ones on the event loop",
    ("quotas", "threading"): "exchanges are settled on the event loop or in a thread, and scrapes read in another",
    ("tokens", "threading"): "a vocabulary is loaded once, by whoever needs it first",
}
# What a room loads without a line of its own that says so: the room below brings it along.
BROUGHT_ALONG = {
    ("meter", "asyncio"): "the counter of tokens imports it, see above; the meter itself awaits nothing",
}
