"""What a training writes down, and what its epochs are judged by."""
