"""What costproxy adds to a request, measured against no proxy and against a bare one. See docs/benchmarks.md."""
