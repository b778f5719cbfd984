"""Builds the API reference as web pages, from the docstrings of what signjax exports.

pip install -r requirements-dev.txt
python docs/make_reference.py FOLDER          # then open FOLDER/index.html
"""

import sys
from pathlib import Path

import signjax

# The package, and the modules with what its functions return and raise.
MODULES = (
    "signjax",
    "signjax.api",
    "signjax.classifier.estimator",
    "signjax.prediction.recognizer",
    "signjax.data.clip",
    "signjax.errors",
    "signjax.pickles",
)


def build(folder: Path) -> None:
    """Writes the pages; what a module lacks is a warning or an error."""
    import pdoc
    import pdoc.render

    pdoc.render.configure(docformat="google", show_source=False, footer_text="signjax")
    # No module besides those named: a pattern that begins with ! takes away what the package would bring along.
    wanted = [MODULES[0], f"!{MODULES[0]}[.].*", *MODULES[1:]]
    # pdoc looks for names where the package, which loads them when they are used, does not have them yet.
    names = {name: getattr(signjax, name) for name in signjax.__all__ if name not in vars(signjax)}
    vars(signjax).update(names)
    try:
        pdoc.pdoc(*wanted, output_directory=folder)
    finally:
        for name in names:
            delattr(signjax, name)


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else "reference"))
