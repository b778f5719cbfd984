"""Fitting a trained model to a signer of whom a few labelled clips are known."""
