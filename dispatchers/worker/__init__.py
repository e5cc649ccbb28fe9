"""The notification worker: what must happen at its time, whoever caused it."""
