"""A trained model in its own folder: its weights, what it expects, a model card, and programs in other formats.

What makes such a folder belongs here; reading one is `signjax.training.records.weights` and `signjax.predictor`.
"""
