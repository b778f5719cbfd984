"""The file formats that torch and joblib write: zip, legacy streams, tar, compressed files."""
