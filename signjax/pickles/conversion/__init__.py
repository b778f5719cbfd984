"""Converts folders of pickles to folders of arrays: which files to convert, the archives that are written, the manifest, progress.

Code that writes converted files belongs here; the entry point is `convert.convert`.
"""
