"""The keys of a config, generated from the settings of the stages; their checks and reference, and the plans made from a config."""
