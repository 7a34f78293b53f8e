"""Sockets: moves bytes between the client and the upstream, and feeds a tap with copies."""
