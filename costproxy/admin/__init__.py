"""The second port: metrics and health."""
