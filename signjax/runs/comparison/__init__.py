"""Comparing finished runs: settings, accuracy, a paired test on the same clips, and the clips that only one of two names rightly."""
