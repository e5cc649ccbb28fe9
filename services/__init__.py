"""Composition roots: what each deployable service is made of. `all` joins them in one process."""
