"""A setting: a dataclass field that also holds its help text, its unit and which values it can have.

The keys of a config, their checks, `--config_help` and docs/settings.md are all generated from these fields; see
`signjax.settings.schema`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from signjax.errors import InputError
from signjax.plans.kinds import Kind, or_auto, shown

_METADATA = "setting"

Stage = TypeVar("Stage")


@dataclass(frozen=True)
class Setting:
    """What is known of one key of the config.

    Attributes:
      default: as the config holds it.
      help: what it is and what a larger value does, in sentences.
      kind: the values it can have.
      unit: of the number; empty where it has none.
      automatic: what the automatic value does; empty if there is no such value. The default is then the automatic value.
      key: dotted, where it is not the section of the stage and the name of the field.
      may_change: whether a run may be resumed with another value.
      convert: from the value in the config to that of the field.
    """

    default: Any
    help: str
    kind: Kind
    unit: str = ""
    automatic: str = ""
    key: str = ""
    may_change: bool = False
    convert: Callable[[Any], Any] | None = None

    def stored(self, value: Any) -> Any:
        """The value as the config holds it, where a config file may have written it as `auto`."""
        return self.default if self.automatic and value == "auto" else value

    def of_field(self, value: Any) -> Any:
        """The value of the field for a value of the config, whose JSON form has lists for tuples."""
        value = tuple(value) if isinstance(value, list) else value
        return self.convert(value) if self.convert else value


def setting(
    default: Any,
    help: str,
    kind: Kind,
    *,
    unit: str = "",
    automatic: str = "",
    key: str = "",
    may_change: bool = False,
    convert: Callable[[Any], Any] | None = None,
) -> Any:
    """A dataclass field that is a setting; see `Setting` for the arguments.

    >>> from signjax.plans.kinds import whole
    >>> @dataclass(frozen=True)
    ... class Example:
    ...     epochs: int = setting(10, "Passes over the clips.", whole(1, 100))
    >>> Example().epochs, settings_of(Example)["epochs"].help
    (10, 'Passes over the clips.')
    """
    if automatic:
        kind = or_auto(kind, default)
    found = Setting(default, help, kind, unit, automatic, key, may_change, convert)
    return field(default=found.of_field(default), metadata={_METADATA: found})


def settings_of(stage: type) -> dict[str, Setting]:
    """The settings of a dataclass by the name of the field; fields that are not settings are left out."""
    return {one.name: one.metadata[_METADATA] for one in fields(stage) if _METADATA in one.metadata}


def make(stage: type[Stage], section: str, values: Mapping[str, Any], **others: Any) -> Stage:
    """A stage's settings from the values of a config.

    Args:
      stage: a dataclass with settings.
      section: of its keys; empty for keys without one.
      values: dotted key -> value.
      others: the fields that are not settings.
    """
    chosen = {name: one.of_field(values[key_of(section, name, one)]) for name, one in settings_of(stage).items()}
    return stage(**chosen, **others)


def refused(key: str, value: Any, kind: Kind) -> str:
    """A sentence that says that a value of a key is not allowed, and which are."""
    return f"config.{key} is {shown(value)}; it must be {kind.allowed}"


def check_fields(stage: Any, section: str) -> None:
    """Checks the values of a dataclass that was not made from a checked config.

    Args:
      stage: an instance of a dataclass with settings; those whose field holds another value than the config are left out.
      section: of its keys.

    Raises:
      InputError: naming the key and what it can be.
    """
    for name, one in settings_of(type(stage)).items():
        value = getattr(stage, name)
        if one.convert is None and not one.kind.accepts(value):
            raise InputError(refused(key_of(section, name, one), value, one.kind))


def key_of(section: str, name: str, one: Setting) -> str:
    """The dotted key of a field."""
    return one.key or (f"{section}.{name}" if section else name)
