"""From a source, labels and a split to a dataset folder: read, journal, assemble, write, check."""
