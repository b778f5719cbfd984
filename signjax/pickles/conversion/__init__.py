"""Folders of pickles to folders of arrays: jobs, the archive that is written, the manifest, progress."""
