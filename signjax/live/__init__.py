"""Signs in a stream of frames: which frames are kept, when a sign begins and ends, and what is said of it.

The stream itself is NumPy and knows nothing of the model: `signjax.prediction` gives it a function that names a clip.
"""
