"""Benchmarks: what the product carries on this machine, and what each piece of it costs."""
