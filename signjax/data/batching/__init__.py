"""Which clips form a batch, which of their frames are used, and the padded arrays."""
