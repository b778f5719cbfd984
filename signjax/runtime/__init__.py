"""What is done to the process before and while jax works: platform, memory, compilation cache. All of it is optional."""
