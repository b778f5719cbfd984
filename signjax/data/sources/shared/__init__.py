"""Code that several sources share: array files, frame numbers, selection of parts, optional packages.

Nothing here is specific to one format.
"""
