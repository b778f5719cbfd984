"""From the items of a source to the files of a journal: every clip read and cleaned once, by any number of processes."""
