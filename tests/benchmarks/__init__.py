"""Every figure of the documentation, by one command each: `python -m tests.benchmarks.xor`."""
