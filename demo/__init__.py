"""A small CKAN stand-in with realistic data: for the quick start, the tests and the benchmarks."""
