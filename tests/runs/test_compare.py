import pytest
from conftest import silent
from runs.made_up import make_run

from signjax.errors import InputError
from signjax.programs import compare as program
from signjax.runs.comparison.compare import compare
from signjax.runs.comparison.lines import comparison_lines
from signjax.runs.comparison.paired import holm, mcnemar
from signjax.runs.finished import open_runs

RIGHT = {f"a{i}": True for i in range(12)}


def test_the_exact_test_is_a_binomial_test():
    assert mcnemar(0, 0) == mcnemar(5, 5) == 1.0  # no difference at all
    assert mcnemar(0, 6) == 2 / 2**6 and mcnemar(8, 1) == mcnemar(1, 8) == 2 * (1 + 9) / 2**9
    assert mcnemar(30, 12) == pytest.approx(0.0079, abs=5e-5)  # scipy.stats.binomtest(12, 42)


def test_adjusted_values_keep_their_order_and_stay_below_one():
    assert holm([]) == [] and holm([0.9, 0.8]) == [1.0, 1.0] and holm([0.04, 0.01]) == [0.04, 0.02]


def test_runs_on_the_same_clips_are_tested_clip_by_clip(tmp_path):
    worse = {clip: int(clip[1:]) >= 8 for clip in RIGHT}
    first = make_run(tmp_path / "first", RIGHT, {"train.learning_rate": 0.002})
    second = make_run(tmp_path / "second", worse, {"seed": 1, "data.workers": 3})
    found = compare(open_runs([first, second]))
    assert found["settings"] == {"seed": [0, 1], "train.learning_rate": [0.002, 0.001]}  # workers change no figure
    (pair,) = found["heads"]["gloss"]["pairs"]
    assert pair["p"] == 2 / 2**8 and not pair["only_second"] and pair["both_right"] == 4
    assert pair["only_first"][0] == {
        "clip": "a0",
        "signer": "a",
        "label": "hello",
        "first": "hello",
        "second": "thanks",
    }
    said = "\n".join(comparison_lines(found))
    assert (
        "first is better than second (of 12 clips, 8 right only by first, 0 only by second; exact McNemar p = 0.008)"
        in said
    )
    assert "only first is right: a0; a1; a2; a3; a4 and 3 more" in said


def test_a_small_difference_is_no_difference_and_several_are_adjusted(tmp_path):
    one_worse = RIGHT | {"a0": False}
    folders = [make_run(tmp_path / name, right) for name, right in (("a", RIGHT), ("b", one_worse), ("c", RIGHT))]
    said = "\n".join(comparison_lines(compare(open_runs(folders))))
    assert "settings: the same in all" in said
    assert said.count("no difference that chance does not explain") == 2


@pytest.mark.parametrize("other", [{"a0": True, "b1": True}, {f"a{i}": True for i in range(11)}])
def test_other_clips_are_told_and_not_tested(other, tmp_path):
    found = compare(open_runs([make_run(tmp_path / "a", RIGHT), make_run(tmp_path / "b", other)]))
    (pair,) = found["heads"]["gloss"]["pairs"]
    assert "p" not in pair and pair["not_tested"]["clips"] == [12, len(other)]
    assert any("were tested on different clips" in line for line in comparison_lines(found))


def test_the_command_writes_a_page(tmp_path):
    folders = [make_run(tmp_path / name / "run", RIGHT | {"a0": name == "x"}) for name in ("x", "y")]
    said: list[str] = []
    program.run([*map(str, folders), "--html", str(tmp_path / "page.html")], said.append)
    html = (tmp_path / "page.html").read_text()
    assert "a0" in html and str(folders[0]) in html and said[-1].startswith("page: ")  # named by path: both are `run`


def test_folders_that_are_no_runs_are_all_named(tmp_path):
    (tmp_path / "empty").mkdir()
    unfinished = make_run(tmp_path / "unfinished", RIGHT)
    (unfinished / "summary.json").unlink()
    several = make_run(tmp_path / "several" / "seed0", RIGHT).parent
    (several / "aggregate.json").write_text("{}")
    folders = [tmp_path / name for name in ("absent", "empty", "unfinished", "several")]
    with pytest.raises(InputError) as error:
        program.run([*map(str, folders)], silent)
    for said in (
        "absent: there is no such",
        "empty: not a run",
        "unfinished: the run is not",
        "several: a folder of several",
    ):
        assert said in str(error.value)
    with pytest.raises(InputError, match="at least two runs"):
        program.run([str(unfinished), str(unfinished)], silent)
