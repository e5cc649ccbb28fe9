"""The relational truth: what is accepted is committed here, and everything else can be rebuilt from it."""
