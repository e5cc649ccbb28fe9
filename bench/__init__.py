"""Benchmarks and feeds: they drive the product from outside, through its public doors, and judge what came of it."""
