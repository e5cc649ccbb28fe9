"""The orchestrator's stages: each turns a list of plans into a list of plans, and each drop has its reason."""
