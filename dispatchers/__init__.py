"""From the bus to the outside: the consumer loop, the orchestrator's stages, delivery, and one folder per channel."""
