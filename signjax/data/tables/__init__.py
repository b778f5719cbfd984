"""Label tables as users have them, the names in them, and which row belongs to which file."""
