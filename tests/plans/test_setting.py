"""A setting is a field that defines its default, help and allowed values; everything else follows."""

from dataclasses import dataclass

import pytest

from signjax.errors import InputError
from signjax.plans.kinds import one_of, text, whole, whole_numbers
from signjax.plans.setting import check_fields, key_of, make, setting, settings_of


@dataclass(frozen=True)
class Oven:
    degrees: int = setting(180, "Temperature.", whole(50, 300), unit="degrees Celsius")
    racks: tuple[int, ...] = setting((1, 3), "Racks in use.", whole_numbers(1, 9, 4))
    door: str = setting(
        "auto", "When the door opens.", one_of(("auto", "never")), automatic="at the end", key="kitchen.door"
    )
    minutes: int = setting(0, "Baking time.", whole(0, 600), automatic="until brown", may_change=True)
    guests: tuple[str, ...] = setting(
        "", "Names.", text("names"), automatic="nobody", convert=lambda names: tuple(names.split())
    )
    weight: float = 1.0


def test_fields_have_their_defaults_and_those_that_are_no_settings_are_left_out():
    assert Oven() == Oven(180, (1, 3), "auto", 0, (), 1.0)
    assert list(settings_of(Oven)) == ["degrees", "racks", "door", "minutes", "guests"]
    assert [key_of("oven", name, one) for name, one in settings_of(Oven).items()] == [
        "oven.degrees", "oven.racks", "kitchen.door", "oven.minutes", "oven.guests"
    ]  # fmt: skip
    assert key_of("", "seed", settings_of(Oven)["degrees"]) == "seed"


def test_a_stage_is_made_of_the_values_of_a_config():
    values = {"oven.degrees": 200, "oven.racks": [2], "kitchen.door": "never", "oven.minutes": 9, "oven.guests": "a b"}
    assert make(Oven, "oven", values, weight=2.0) == Oven(200, (2,), "never", 9, ("a", "b"), 2.0)


def test_auto_is_read_as_the_default_whatever_the_kind():
    for name, stored in (("door", "auto"), ("minutes", 0), ("guests", "")):
        one = settings_of(Oven)[name]
        assert one.kind.read("auto") == stored and one.stored("auto") == stored and "auto" in one.kind.allowed
    degrees = settings_of(Oven)["degrees"]
    with pytest.raises(ValueError, match="auto"):
        degrees.kind.read("auto")
    assert degrees.stored("auto") == "auto" and "auto" not in degrees.kind.allowed


def test_a_stage_that_was_made_by_hand_is_checked_by_the_same_rules():
    check_fields(Oven(), "oven")
    with pytest.raises(InputError, match=r"config.oven.degrees is 20; it must be a whole number from 50 to 300$"):
        check_fields(Oven(20), "oven")
    with pytest.raises(InputError, match=r"config.kitchen.door is 'ajar'; it must be one of auto, never$"):
        check_fields(Oven(door="ajar"), "oven")
