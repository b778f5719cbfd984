"""Mode predict: naming the signs in clips without labels, with the model of a run folder and nothing else of its run.

What finds new clips and what they are, and what writes the answers, belongs here; the model itself is in `signjax.predictor`.
"""

from signjax.prediction.predict import predict

__all__ = ["predict"]
