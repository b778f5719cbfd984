"""What each channel of a frame is: layouts, the registry of those that have a name, and JSON files that describe others."""
