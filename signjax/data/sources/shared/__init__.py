"""What several sources share: array files, frame numbers, a choice of parts, packages that only one source needs.

Nothing here knows any one format.
"""
