"""A random-convolution classifier (NumPy): a baseline, and a second opinion that the answers of the network are fused with."""
