"""Carries batches of pointers from one service to the next. Adapters stand beside the port."""
