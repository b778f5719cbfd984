"""The inputs of a training step: padded batches from the host, or indices into a dataset on the device."""
