"""Which clips make up a batch, which of their frames are shown, and the padded arrays of it."""
