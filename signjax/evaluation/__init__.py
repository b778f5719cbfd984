"""Honest numbers: measures, baselines, calibration, predictions."""
