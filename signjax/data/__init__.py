"""Clips to a prepared dataset to batches; NumPy only."""
