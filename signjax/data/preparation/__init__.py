"""From a source, labels and a split to a dataset folder: read, journal, assemble, write; `prepare.prepare` runs all steps.

Decisions that involve all clips belong here. Nothing is exported, because worker processes import only `collect`.
"""
