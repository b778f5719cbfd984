"""The containers that torch and joblib write: zip, legacy streams, tar, compressed files. `reader` chooses among them.

Each module has a `read`, which finds the pickle in a container and the bytes of its storages. No pickle is interpreted here.
"""
