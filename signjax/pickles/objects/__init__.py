"""What a pickle may build: stand-ins for tensors, storages, arrays and dtypes."""
