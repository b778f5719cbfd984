"""signjax: from torch pickles to a tested sign recogniser."""

__version__ = "0.1.0"
