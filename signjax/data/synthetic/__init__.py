"""The built-in corpora: synthetic signers who sign made-up signs or given HamNoSys strings."""
