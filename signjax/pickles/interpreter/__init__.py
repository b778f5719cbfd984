"""The machine that reads pickles and runs nothing: opcodes, the allowlist, and fast paths for usual files."""
