"""Recorded exchanges, read from files and priced without a proxy: our arithmetic, for anybody to check."""
