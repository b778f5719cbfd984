"""The machine that reads pickles without running code: opcodes, the allowlist, and fast paths for common files."""
