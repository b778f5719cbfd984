"""Settings of the process before and while jax runs: platform, memory, compilation cache. All of it is optional."""
