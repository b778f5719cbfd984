"""The pages' templates, and how names of users stand in a page."""

from typing import Any

import jinja2

from signjax.data.visible import clips, visible


def template(name: str) -> jinja2.Template:
    """A template of this package: names are escaped, and characters that cannot be seen are written as their escapes."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("signjax.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
    )
    environment.filters["clips"] = clips
    environment.filters["sentence"] = _sentence
    return environment.get_template(name)


def _finalize(value: Any) -> Any:
    return visible(value) if type(value) is str else value  # what is markup already was made by a template


def _sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
