"""The error family, named by whose fault it was."""


class CostproxyError(Exception):
    """The base of all errors that costproxy raises on purpose."""


class ConfigError(CostproxyError):
    """The operator's settings cannot be used; the message names place, found and expected."""


class WireError(CostproxyError):
    """Bytes that cannot be read as what they claim to be."""


class UpstreamError(CostproxyError):
    """The upstream could not be reached, or broke before its reply was complete."""
