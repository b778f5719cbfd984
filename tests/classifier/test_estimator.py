"""`SignClassifier` in scikit-learn's hands.

scikit-learn's checks fit an estimator some eighty times, so they are made here of all but the training itself, for which something
quick stands in; `python -m benchmarks.estimator_checks` makes them with the network.
"""

import doctest
import pickle
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from signjax import SignClassifier
from signjax.classifier import estimator, fitted
from signjax.data.clip import Clip, ClipInfo
from signjax.errors import InputError
from signjax.settings import base


@dataclass
class Centres:
    """What the stand-in learns: the mean frame of each class."""

    centres: np.ndarray
    plans: object
    epochs: int = 1


def learn(clips, codes, classes, layout, cleaning, plans, say):
    means = np.stack([clip.frames.mean(0) for clip in fitted.cleaned(clips, layout, cleaning)])
    say("trained")
    return Centres(np.stack([means[codes == code].mean(0) for code in range(len(classes))]), plans)


def answering(learned):
    def logits(clips):
        means = np.stack([clip.frames.mean(0) for clip in clips])
        return -np.square(means[:, None] - learned.centres).sum(-1)

    return logits


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(fitted, "learn", learn)
    monkeypatch.setattr(fitted, "answering", answering)


@pytest.fixture(scope="module")
def waves():
    """24 clips of 20 to 39 frames in two classes, of three signers."""
    random = np.random.default_rng(0)
    clips = [random.normal(side, 1, (int(random.integers(20, 40)), 4)).cumsum(0) for side in (-1, 1) * 12]
    return clips, np.array(["down", "up"] * 12), np.repeat(["ann", "ben", "cho"], 8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")  # checks for packages that are not installed
@parametrize_with_checks([SignClassifier(epochs=1)])
def test_scikit_learns_own_checks_pass(estimator, check, quick):
    check(estimator)


def test_the_example_runs_and_the_model_can_be_pickled(waves):
    """The network itself: one training, that of the docstring."""
    (example,) = [
        one for one in doctest.DocTestFinder().find(SignClassifier, "SignClassifier") if one.name == "SignClassifier"
    ]
    kept = example.globs
    report = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, clear_globs=False)
    assert report.attempted == 7 and report.failed == 0
    model, clips = kept["model"], kept["clips"]
    found = model.predict_proba(clips)
    assert found.shape == (16, 2) and np.allclose(found.sum(1), 1)
    np.testing.assert_array_equal(model.predict_proba(clips[3:5]), found[3:5])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(clips[:2]), found[:2])


def test_it_works_in_cross_validation_pipelines_and_grids(waves, quick):
    clips, labels, signers = waves
    scores = cross_val_score(SignClassifier(), clips, labels, groups=signers, cv=GroupKFold(3))
    assert scores.tolist() == [1, 1, 1]
    halves = FunctionTransformer(lambda some: [clip[::2] for clip in some])
    grid = GridSearchCV(make_pipeline(halves, SignClassifier()), {"signclassifier__learning_rate": [1e-3, 2e-3]}, cv=3)
    grid.fit(clips, labels)
    assert grid.best_score_ == 1 and grid.predict(clips[:2]).tolist() == ["down", "up"]


def test_readmes_example_runs(corpus, quick, tmp_path, monkeypatch, capsys):
    (tmp_path / "CLIPS").symlink_to(corpus, target_is_directory=True)
    (tmp_path / "labels.csv").symlink_to(corpus / "labels.csv")
    monkeypatch.chdir(tmp_path)
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (example,) = [one for one in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "SignClassifier(" in one]
    exec(compile(example, "README.md", "exec"), {})
    assert len(capsys.readouterr().out.strip("[]\n").split()) == 5


def test_sequences_may_be_an_array_a_list_or_clips(waves, quick):
    clips, labels, _ = waves
    same = np.stack([clip[:20] for clip in clips])
    model = SignClassifier().fit(same, labels)
    assert model.n_features_in_ == 4 and model.classes_.tolist() == ["down", "up"]
    expected = model.predict_proba(same)
    ragged = np.empty(len(same), object)
    ragged[:] = list(same)
    of_clips = [Clip(ClipInfo("one"), frames.astype(np.float32)) for frames in same]
    for given in (list(same), ragged, of_clips):
        np.testing.assert_array_equal(model.predict_proba(given), expected)


def test_settings_reach_the_training(waves, quick):
    clips, labels, _ = waves
    model = SignClassifier(epochs=7, dropout=0.1, settings={"model.units": 12, "data.trim": False}, random_state=3)
    plans = clone(model).fit(clips, labels)._learned.plans
    assert (plans.seed, plans.loop.epochs, plans.model.units, plans.model.dropout) == (3, 7, 12, 0.1)
    usual = base.get_config()
    assert plans.batches.batch_size == usual.train.batch_size and plans.optimizer.learning_rate == 1e-3


def test_what_cannot_be_used_is_named_all_at_once(waves, quick, capsys):
    clips, labels, _ = waves
    with pytest.raises(
        InputError, match=r"(?s)train\.epoch .*config\.data\.path has no effect.*train\.patience has no"
    ):
        SignClassifier(settings={"train.epoch": 3, "data.path": "x", "train.patience": 2}).fit(clips, labels)
    with pytest.raises(InputError, match=r"(?s)clip 1: .*\(T, 4\).*float32 \(9, 3\).*clip 2: .*<U1"):
        SignClassifier().fit([clips[0], np.zeros((9, 3)), np.array([["a"] * 4])], labels[:3])
    with pytest.raises(InputError, match="24 clips, y 23 labels"):
        SignClassifier().fit(clips, labels[1:])
    with pytest.raises(InputError, match="y has one class, 'up'"):
        SignClassifier().fit(clips, ["up"] * 24)
    model = SignClassifier(verbose=True).fit(clips, labels)
    assert capsys.readouterr().out == "trained\n"
    with pytest.raises(InputError, match=r"3 channels; the model was trained on 4"):
        model.predict([clips[0][:, :3]])
    with pytest.raises(InputError, match="clip 0: 4 of 8 values are NaN"):
        SignClassifier().fit([np.full((2, 4), (np.nan, np.nan, 0, 0)), *clips[1:]], labels)


def test_without_scikit_learn_the_message_says_what_to_install(monkeypatch):
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(InputError, match=r"pip install 'signjax\[sklearn\]'"):
        importlib.reload(estimator)
