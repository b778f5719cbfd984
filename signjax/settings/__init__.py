"""What the keys of a config can be, whether a config can be used, and one plan for each stage made of it."""
