"""From label columns to heads: modes, encoding, and whether the classes can be learned and tested."""
