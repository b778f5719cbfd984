"""`SignClassifier`: fit, predict, predict_proba and score, for pipelines, grids and cross-validation.

Shapes: n clips, T frames, F channels, C classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from signjax.data.clip import Clip, ClipInfo
from signjax.data.layout import registry as layout_registry
from signjax.errors import InputError, together
from signjax.evaluation.calibration import probabilities
from signjax.runtime.jax_setup import check_platform, choose_platform
from signjax.runtime.output import silent
from signjax.settings import base, run_config
from signjax.settings.plans import Plans, take_apart
from signjax.settings.schema import SETTINGS, unknown_key

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise InputError("SignClassifier needs scikit-learn: pip install 'signjax[sklearn]'") from error

# Parameter -> the setting it stands for.
_KEYS = {
    "epochs": "train.epochs",
    "batch_size": "train.batch_size",
    "learning_rate": "train.learning_rate",
    "dropout": "model.dropout",
}
# What `settings` may hold: what says how to clean, to augment, and to train. The rest is about files, splits and validation clips.
_SECTIONS = ("augment", "model", "loss", "train")
_CLEANING = ("longest_clip", "handedness", "trim", "longest_gap", "centre", "hand_shapes", "rotations", "max_frames")
_USELESS = ("train.patience", "train.refit", "train.adapt")


class SignClassifier(ClassifierMixin, BaseEstimator):
    """A sign recogniser with the interface of scikit-learn.

    X is a list of arrays (T, F), one for each clip, with any T; an array (n, T, F); or a list of `Clip`, as `signjax.read` returns
    them. A table (n, F) is read as n clips of one frame. Clips are cleaned, augmented and learned from as in `signjax.train`, with
    the same network and random-convolution classifier, but in memory and from all clips that `fit` gets: no split is made, and
    nothing stays on the disk. To measure accuracy, use `cross_val_score` with the signers as `groups`. `signjax.train` does that
    itself, finds copies of clips, and writes the report.

    Needs `pip install 'signjax[sklearn]'`.

    Args:
      layout: what the channels are: one of the layouts of docs/data.md, such as `smplx` or `holistic`, or a JSON file; with
        `generic`, nothing is known about them.
      epochs, batch_size, learning_rate, dropout: the settings `train.epochs` and so on; None for the default of docs/settings.md.
      settings: further ones by key, such as `{"model.units": 48}`: those of the sections augment, model, loss and train, and those
        of data that say how to clean a clip.
      random_state: seed of everything random; with the same one on the same devices, the model is the same, bit for bit.
      verbose: whether the lines of the command line are printed.

    Attributes:
      classes_: the C classes, sorted.
      n_features_in_: F.
      n_iter_: epochs of training.

    Example:
      >>> import numpy as np
      >>> from signjax import SignClassifier
      >>> random = np.random.default_rng(0)
      >>> clips = [random.normal(side, 1, (30, 4)).cumsum(0) for side in (-1, 1) * 8]
      >>> small = {"model.filters": (8, 12), "model.units": 6, "model.heads": 2, "model.depth": 1, "train.buckets": 1}
      >>> model = SignClassifier(epochs=2, batch_size=8, settings=small, random_state=0)
      >>> model.fit(clips, ["down", "up"] * 8).predict(clips[:2]).tolist()
      ['down', 'up']
    """

    classes_: np.ndarray
    n_features_in_: int
    n_iter_: int

    def __init__(
        self,
        layout: str = "generic",
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        dropout: float | None = None,
        settings: Mapping[str, object] | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ):
        self.layout = layout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.settings = settings
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def fit(self, X: Any, y: Any) -> "SignClassifier":
        """Trains on all clips.

        Args:
          X: n clips.
          y: (n,), the class of each.

        Raises:
          InputError: clips or settings cannot be used; the message names all of them.
        """
        plans = self._plans()
        if _are_sequences(X):
            clips, labels = _clips(X), column_or_1d(y, warn=True)
            if len(clips) != len(labels):
                raise InputError(f"X has {len(clips)} clips, y {len(labels)} labels; each clip needs one")
            self.n_features_in_ = clips[0].frames.shape[1]
        else:
            table, labels = validate_data(self, X, y, dtype=np.float32)
            clips = _clips(table[:, None])
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(f"y has one class, {str(self.classes_[0])!r}; there must be at least two to tell apart")
        layout = layout_registry.named(self.layout, self.n_features_in_)
        choose_platform()
        check_platform()
        from signjax.classifier import fitted  # loads jax

        names = [str(name) for name in self.classes_]
        say = print if self.verbose else silent
        self._learned = fitted.learn(clips, codes, names, layout, plans.data.cleaning, plans.training, say)
        self._answer = fitted.answering(self._learned)
        self.n_iter_ = self._learned.epochs
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, C), the probability of each class, in the order of `classes_`.

        Raises:
          InputError: clips cannot be used, or have another number of channels than those of training.
        """
        check_is_fitted(self)
        if _are_sequences(X):
            clips = _clips(X)
            width = clips[0].frames.shape[1]
            if width != self.n_features_in_:
                raise InputError(f"the clips have {width} channels; the model was trained on {self.n_features_in_}")
        else:
            clips = _clips(validate_data(self, X, reset=False, dtype=np.float32)[:, None])
        return probabilities(self._answer(clips))

    def predict(self, X: Any) -> np.ndarray:
        """(n,), the most likely class of each clip; errors as in `predict_proba`."""
        best = self.predict_proba(X).argmax(1)
        return self.classes_[best]

    def _plans(self) -> Plans:
        """The settings.

        Raises:
          InputError: some do not exist, do not apply here, or have values that are not allowed.
        """
        config = base.get_config()
        own = {key: getattr(self, name) for name, key in _KEYS.items() if getattr(self, name) is not None}
        wanted = {**own, **(self.settings or {})}
        faults = [_fault(key) for key in wanted if _fault(key)]
        if faults:
            raise together([InputError(fault) for fault in faults])
        given = self.random_state
        seed = given if isinstance(given, int | np.integer) else check_random_state(given).randint(2**31)
        wanted["seed"] = int(seed)
        wanted["data.shortest_clip"] = 1  # no clip is left out here: each gets an answer
        for key, value in wanted.items():
            run_config.set_value(config, key, value)
        run_config.check(config)
        return take_apart(config)

    def __getstate__(self) -> Any:
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_answer"}  # compiled programs stay here

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        if hasattr(self, "_learned"):
            choose_platform()
            from signjax.classifier import fitted

            self._answer = fitted.answering(self._learned)


def _fault(key: str) -> str:
    """Why a setting cannot be given; empty if it can."""
    if key not in SETTINGS:
        return unknown_key(key)
    section, _, name = key.rpartition(".")
    if (section in _SECTIONS and key not in _USELESS) or (section == "data" and name in _CLEANING):
        return ""
    return f"config.{key} has no effect here: SignClassifier learns from all clips that it gets; use signjax.train"


def _are_sequences(X: Any) -> bool:
    """Whether X holds an array of frames for each clip; otherwise it is a table, or nothing that can be used."""
    if isinstance(X, np.ndarray):
        return X.ndim == 3 or (X.ndim == 1 and X.dtype == object and len(X) > 0 and np.ndim(X[0]) == 2)
    return isinstance(X, Sequence) and len(X) > 0 and (isinstance(X[0], Clip) or np.ndim(X[0]) == 2)


def _clips(X: Any) -> list[Clip]:
    """The clips of X, all with as many channels as the first.

    Raises:
      InputError: some are something else; the message names all of them.
    """
    if isinstance(X, np.ndarray) and X.ndim == 3 and X.shape[0] == 0:
        raise InputError("X has no clips")
    clips = [one if isinstance(one, Clip) else _clip(one, number) for number, one in enumerate(X)]
    width = clips[0].frames.shape[-1]
    wrong = [
        InputError(f"clip {number}: expected an array of numbers (T, {width}); found {kind} {shape}")
        for number, clip in enumerate(clips)
        for kind, shape in [(clip.frames.dtype, clip.frames.shape)]
        if kind != np.float32 or len(shape) != 2 or shape[1] != width
    ]
    if wrong:
        raise together(wrong)
    return clips


def _clip(given: Any, number: int) -> Clip:
    frames = np.asarray(given)
    if frames.dtype.kind in "fiub" and frames.ndim == 2:
        frames = np.ascontiguousarray(frames, np.float32)
    return Clip(ClipInfo(f"clip {number}"), frames)
