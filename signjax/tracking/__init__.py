"""Services for experiments that also receive the metrics of a run: Weights & Biases, MLflow, trackio.

A service that is missing, slow or failing never stops or slows a run.
"""
