"""What a training step is given: padded batches from the host, or indices into a dataset on the device."""
