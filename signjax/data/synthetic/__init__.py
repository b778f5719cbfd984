"""The built-in corpora: synthetic signers who sign made-up signs or given HamNoSys strings, in the format of SignAvatars.

`registry` lists the corpora by name. Nothing is exported, because worker processes import only one corpus.
"""
