"""What the network sees of a batch, and the network."""
