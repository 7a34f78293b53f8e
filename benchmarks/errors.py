"""What stops a benchmark."""


class BenchError(Exception):
    """A measurement could not be made; the message gives place, what was expected and what was found."""
