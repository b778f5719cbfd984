"""signjax as a scikit-learn estimator: sequences in memory, labels beside them, nothing left on the disk."""

from signjax.classifier.estimator import SignClassifier

__all__ = ["SignClassifier"]
