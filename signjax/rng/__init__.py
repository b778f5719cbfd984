"""The named random streams of jax and NumPy, the generator of the jax streams, and keys for each clip of a batch.

This file imports nothing, because `numpy_streams` must be usable without jax.
"""
