"""Evaluation: metrics, baselines, calibration, predictions."""
