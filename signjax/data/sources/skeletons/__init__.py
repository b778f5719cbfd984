"""Tracked skeletons and features as other projects store them; `source` has the functions of a source.

`forms` reads a clip's dict, `collection` a file of many clips, `graph_arrays`, `spoter` and `openpose` the formats of those names.
`points` knows the points of each tracker.
"""
