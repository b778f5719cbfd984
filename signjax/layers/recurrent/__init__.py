"""Bidirectional LSTM and GRU: scans with their own backward pass, and GPU kernels."""
