from pathlib import Path

from conftest import silent

from signjax.data.preparation.prepare import prepare
from signjax.runs.shared_clips import SharedClips
from signjax.settings import base
from signjax.settings.plans import take_apart


def test_clips_are_read_once_for_runs_with_different_splits(corpus, tmp_path):
    config = base.get_config()
    config.data.update(source="signavatars", path=str(corpus), workers=1, split="folds", folds=2)
    clips = SharedClips(config, tmp_path, 2, silent)
    alone = prepare(take_apart(config).recipe(tmp_path), tmp_path / "alone", silent)
    said: list[str] = []
    for fold in (0, 1):
        config.data.fold = fold
        run = tmp_path / f"fold{fold}"
        clips.lend(run)
        dataset = prepare(take_apart(config).recipe(run), run / "dataset", said.append)
        if fold == 0:
            assert dataset.digest == alone.digest
        clips.lend(run)  # it has its data
    assert sum("shard 1 of 1: 40 of 40 clips are read" in line for line in said) == 2
    assert {path.name for path in (tmp_path / "fold1").iterdir()} == {
        "dataset",
        ".dataset.lock",
        ".dataset.verified.json",
    }
    clips.remove()
    assert not list(tmp_path.glob("clips*"))


def test_what_is_made_up_or_prepared_once_or_for_a_single_run_is_not_shared(corpus, tmp_path):
    config = base.get_config()
    SharedClips(config, tmp_path, 5, silent).lend(tmp_path / "a")
    config.data.update(source="signavatars", path=str(corpus))
    SharedClips(config, tmp_path, 1, silent).lend(tmp_path / "b")
    config.data.dataset = str(tmp_path / "dataset")
    SharedClips(config, tmp_path, 5, silent).lend(tmp_path / "c")
    assert not list(Path(tmp_path).iterdir())
