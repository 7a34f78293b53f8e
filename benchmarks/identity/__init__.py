"""Which requests belong to the same conversation: how often costproxy is right. See docs/benchmarks.md."""
