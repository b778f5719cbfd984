"""Folders of pickles to folders of arrays: which files to convert, the archives that are written, the manifest, progress.

Whatever writes converted files belongs here; `convert.convert` is the way in.
"""
