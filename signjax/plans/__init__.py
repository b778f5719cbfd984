"""What a setting is, and the settings of each training stage as frozen dataclasses; loads nothing, so that checks need no jax.

The settings of the data stages are next to their code in `signjax.data`, and use the same `setting()`.
"""
