"""What applications do wrong with their history: how often costproxy finds it. See docs/benchmarks.md."""
