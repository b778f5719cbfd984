"""What happens to one clip between its source and the dataset folder: `clean`, and one file for each of its steps.

Pure functions of a clip and its layout. Code that looks at several clips belongs to `preparation`.
"""

from signjax.data.cleaning.clean import Cleaned, Cleaning, clean, cleaned_layout

__all__ = ["Cleaned", "Cleaning", "clean", "cleaned_layout"]
