"""Bytes to facts: no I/O, no clock; fed with the same bytes, they give the same values."""
