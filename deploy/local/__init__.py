"""Real engines on this machine, on loopback and free ports: for tests, drills, benches and people."""
