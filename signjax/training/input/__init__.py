"""What a training step is given: padded batches from the host, or the numbers of clips of a dataset on the device."""
