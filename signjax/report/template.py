"""Loads the page templates, and escapes user-given names in them."""

from typing import Any

import jinja2

from signjax.data.visible import clips, visible


def template(name: str, package: str = "signjax.report") -> jinja2.Template:
    """Loads a template of a package, which may include those of the report.

    Names are HTML-escaped, and invisible characters are written as escapes.
    """
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(one, ".") for one in (package, "signjax.report")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
    )
    environment.filters["clips"] = clips
    environment.filters["sentence"] = _sentence
    return environment.get_template(name)


def _finalize(value: Any) -> Any:
    return visible(value) if type(value) is str else value  # Markup comes from a template and is safe


def _sentence(text: str) -> str:
    """Adds a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
