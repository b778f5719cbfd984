"""Comparing finished runs: settings, accuracy, a paired test on the same clips, and which clips one run names rightly and another not."""
