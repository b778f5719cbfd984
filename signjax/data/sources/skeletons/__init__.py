"""Tracked skeletons and features as other projects store them; `source` has the functions of a source.

`contents` finds the clips in a file or folder. `forms` reads a clip's dict, `collection` and `side_by_side` files of many clips,
`graph_arrays`, `spoter`, `openpose` and `json_clips` the formats of those names. `points` knows the points of each tracker, and
`decision` what most clips of a source have in common.
"""
