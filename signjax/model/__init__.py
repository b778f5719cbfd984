"""The inputs of the network, and the network."""
