"""signjax: from torch pickles to a tested sign recogniser.

    import signjax

    run = signjax.train("clips", labels="labels.csv", workdir="runs/first")
    model = signjax.load("runs/first")
    print(model.predict("new_clips"))

Nothing is loaded before it is used: `import signjax` takes milliseconds.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signjax.api import Run, load, read, train
    from signjax.classifier import SignClassifier

__version__ = "0.1.0"
__all__ = ["Run", "SignClassifier", "load", "read", "train"]


def __getattr__(name: str) -> Any:
    if name == "SignClassifier":
        from signjax.classifier import SignClassifier

        return SignClassifier
    if name in __all__:
        from signjax import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
