"""One file for each on-disk format; each yields clips, or the reason why there is none."""
