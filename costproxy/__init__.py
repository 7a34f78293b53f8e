"""A transparent meter for chat-API traffic."""

__version__ = "0.1.0"
