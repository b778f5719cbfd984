"""The built-in corpora: synthetic signers who sign made-up signs or given HamNoSys strings, written as SignAvatars writes.

The corpora by name are in `registry`. Nothing is exported, for worker processes import one corpus alone.
"""
