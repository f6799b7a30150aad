"""What tests and benchmarks share: models, networks, boards and builds."""
