import pytest

from signjax.errors import InputError
from signjax.runtime import processes
from signjax.runtime.processes import Group, group_of


def test_without_flags_or_a_launcher_a_run_has_one_process():
    assert group_of(None, None, None, {}) is None
    assert group_of(None, None, None, {"SLURM_STEP_NUM_TASKS": "1"}) is None
    assert group_of("a:1", 1, 0, {}) is None
    assert processes.is_chief() and processes.process_count() == 1 and not processes.several()
    assert processes.my_rows(16) == slice(0, 16) and processes.agreed("name", lambda: [1]) == [1]
    assert processes.asked_to_stop(15) == 15 and processes.asked_to_stop(None) is None


@pytest.mark.parametrize("launcher", ["SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE"])
def test_a_launcher_that_started_several_is_noticed(launcher):
    assert group_of(None, None, None, {launcher: "4"}) == Group()


def test_flags_name_the_group():
    assert group_of("10.0.0.1:8476", 4, 3, {}) == Group("10.0.0.1:8476", 4, 3)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("a:1", None, None), "--processes, --process: missing"),
        ((None, 2, 0), "--coordinator: missing"),
        (("a:1", 2, 2), "--process=2: it must be from 0 to 1"),
        (("a", 2, 0), "--coordinator=a: it must be HOST:PORT"),
        (("a:b", 2, 0), "--coordinator=a:b: it must be HOST:PORT"),
    ],
)
def test_incomplete_flags_are_refused(flags, expected):
    with pytest.raises(InputError, match=expected):
        group_of(*flags, {})
