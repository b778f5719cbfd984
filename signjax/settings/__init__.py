"""Every key of a config, generated from the settings of the stages; its checks, its reference, and the plans made of a config."""
