"""Rotations, and where joints are: forward and inverse kinematics of a stick figure."""
