"""Why a model answers as it does: which frames and body parts speak for a class, and where its self-attention looks.

Attribution, the explanation of a clip, and how it is drawn belong here; what asks for it is in `signjax.prediction`.
"""
