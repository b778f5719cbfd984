"""Comparing finished runs: settings, accuracy, a paired test on the same clips, and clips that only one of two names rightly."""
