"""The flags of `costproxy demo`."""

import argparse

from costproxy.settings import AdminSettings, ListenSettings


def add_demo_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `demo` takes."""
    listen, admin = ListenSettings(), AdminSettings()
    parser.add_argument("--host", default=listen.host, help="Address of the traffic port. [%(default)s]")
    parser.add_argument(
        "--port",
        type=_port,
        default=listen.port,
        help="Number of the traffic port; 0 takes a free one. [%(default)s]",
    )
    parser.add_argument("--admin-host", default=admin.host, help="Address of the admin port. [%(default)s]")
    parser.add_argument(
        "--admin-port",
        type=_port,
        default=admin.port,
        help="Number of the admin port; 0 takes a free one. [%(default)s]",
    )
    parser.add_argument("--seconds", type=_positive, help="Stop after this many seconds; without it, on Ctrl-C.")
    parser.add_argument("--speed", type=_positive, default=1.0, help="How much faster than life it runs. [%(default)s]")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to 65535, found {text!r}")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text!r}")
    return number
