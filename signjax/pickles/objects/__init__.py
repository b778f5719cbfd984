"""What a pickle may build: tensors, storages, arrays, dtypes, each by a stand-in of our own."""
