"""Searching for settings: the space, the study, the trials, and the best settings as a config file.

Only validation clips judge a trial. Test clips are not even looked at; a run with the best settings tests them once.
"""
