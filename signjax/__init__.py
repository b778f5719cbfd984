"""signjax: from torch pickles to a tested sign recogniser."""
