"""Evaluation: metrics, baselines, calibration, fusion, predictions."""
