"""LSTM and GRU over time in both directions: plain scans with a backward pass of their own, and GPU kernels."""
