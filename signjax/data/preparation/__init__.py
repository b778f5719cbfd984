"""From a source, labels and a split to a dataset folder: read, journal, assemble, write; `prepare.prepare` does all of it.

What is decided about all clips together belongs here. Nothing is exported, for worker processes import `collect` alone.
"""
