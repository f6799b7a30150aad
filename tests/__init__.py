"""Tests and benchmarks of the kit: one package, so that both import what they share from `tests.support`."""
