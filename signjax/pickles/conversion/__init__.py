"""Converts folders of pickles to folders of arrays: jobs, the `.npz` writer, the manifest, progress."""
