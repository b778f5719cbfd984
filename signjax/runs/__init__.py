"""Several runs: training seeds and folds with one command, what came of all of them, comparing runs, and searching for settings.

Accuracies are fractions of 1, except in the lines and pages that a person reads.
"""
