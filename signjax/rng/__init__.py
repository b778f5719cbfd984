"""Every random stream by name, jax's and NumPy's; the generator behind jax's; a key for each clip of a batch.

This file imports nothing: `numpy_streams` must be there without jax.
"""
