"""Calibrates a model to a signer of whom a few labelled clips are known: the last layers of the network and of the classifier that
it is fused with are fitted to them; everything before stays.

Shapes: N clips, D features, C classes, M members.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import jax
import numpy as np

from signjax.data.clip import Clip
from signjax.data.dataset import Dataset
from signjax.errors import InputError
from signjax.evaluation.evaluate import answers_for
from signjax.evaluation.fusion import Fusion
from signjax.model.factory import make_model
from signjax.prediction.calibration.head_fit import PRIOR, fit_change
from signjax.prediction.calibration.labels import check_labels, labelled
from signjax.prediction.calibration.record import calibration_with
from signjax.predictor import Predictor
from signjax.training import parallel
from signjax.training.state import Variables

if TYPE_CHECKING:
    from signjax.prediction.recognizer import Recognizer

# The head of a network that tells what its heads are given.
_FEATURES = "features"


@dataclass(frozen=True)
class Described:
    """N clips as the last layers are given them.

    Attributes:
      labels: head -> int32 (N,), -1 = not labelled.
      network: float32 (N, D) for each member.
      classifier: float32 (N, D) of the classifier beside the network; None if there is none.
    """

    labels: dict[str, np.ndarray]
    network: tuple[np.ndarray, ...]
    classifier: np.ndarray | None

    def some(self, rows: np.ndarray) -> "Described":
        """Some of the clips, by number."""
        labels = {head: codes[rows] for head, codes in self.labels.items()}
        network = tuple(features[rows] for features in self.network)
        return Described(labels, network, None if self.classifier is None else self.classifier[rows])


def describe(model: "Recognizer", clips: Dataset) -> Described:
    """The clips of a dataset as the last layers of a model are given them."""
    classifier = None
    if model.fusion:
        classifier = model.fusion.classifier.features(clips, np.arange(len(clips)))
    labels = {head: clips.labels[:, column] for column, head in enumerate(clips.heads)}
    return Described(labels, _network_features(model, clips), classifier)


def fit_heads(
    model: "Recognizer", clips: Described, heads: Sequence[str], prior: float = PRIOR
) -> tuple[Variables, Fusion | None]:
    """The variables and the fusion of a model, with these heads fitted to clips of two classes or more.

    `prior` is as in `fit_change`.
    """
    members = []
    for variables, features in zip(_of_members(model), clips.network, strict=True):
        fitted = {}
        for head in heads:
            kernel, bias = variables["params"][f"head_{head}"]["kernel"], variables["params"][f"head_{head}"]["bias"]
            weights, intercept = _fitted(features, features @ kernel + bias, clips.labels[head], prior)
            fitted[f"head_{head}"] = {"kernel": kernel + weights, "bias": bias + intercept}
        members.append(fitted)
    new = members[0] if len(members) == 1 else jax.tree.map(lambda *each: np.stack(each), *members)
    variables = {**model.variables, "params": {**model.variables["params"], **new}}
    if model.fusion is None or clips.classifier is None:
        return variables, None
    classifier = model.fusion.classifier
    others = dict(classifier.heads)
    for head in heads:
        logits = others[head].logits(clips.classifier)
        others[head] = others[head].changed(*_fitted(clips.classifier, logits, clips.labels[head], prior))
    return variables, replace(model.fusion, classifier=replace(classifier, heads=others))


def calibrated(model: "Recognizer", clips: Sequence[Clip]) -> "Recognizer":
    """A copy of a model that is fitted to cleaned clips with labels; the model stays as it is.

    Raises:
      InputError: the clips have no labels, or others than the model; or it is calibrated already.
    """
    if model.calibration:
        raise InputError(
            f"{model.folder}: this model is calibrated already; calibrate {model.calibration.run} with the clips of both times"
        )
    check_labels(clips, model.heads)
    some = labelled(clips, model.spec)
    classes = {head: len(set(codes[codes >= 0])) for head, codes in zip(some.heads, some.labels.T, strict=True)}
    heads = [head for head, count in classes.items() if count > 1]
    if not heads:
        raise InputError("the clips are all of one class; calibrating needs clips of two classes or more")
    if len(heads) < len(classes):
        others = ", ".join(head for head in classes if head not in heads)
        model.say(f"calibrate: without labels of two classes, so left as it is: {others}")
    new = copy(model)
    new.variables, new.fusion = fit_heads(model, describe(model, some), heads)
    new.__dict__.pop("explainer", None)  # it has the old variables
    new.answer = model.predictor.answer_with(new.variables)
    new.calibration = calibration_with(model.folder, heads, clips)
    return new


def _network_features(model: "Recognizer", clips: Dataset) -> tuple[np.ndarray, ...]:
    """What the heads of the network are given, for each member: the answers of a head that copies."""
    params = model.variables["params"]
    size = next(layer["kernel"].shape[-2] for name, layer in params.items() if name.startswith("head_"))
    spec = replace(model.spec, heads={_FEATURES: tuple(map(str, range(size)))})
    asked = replace(clips, heads=spec.heads, labels=np.full((len(clips), 1), -1, np.int32))
    plans, copies = (
        model.settings.training,
        {"kernel": np.eye(size, dtype=np.float32), "bias": np.zeros(size, np.float32)},
    )
    asker = Predictor(make_model(plans.model, spec, parallel.AXIS), spec, plans.losses, model.predictor.devices)
    found = []
    for variables in _of_members(model):
        body = {name: layer for name, layer in variables["params"].items() if not name.startswith("head_")}
        answer = asker.answer_with({**variables, "params": {**body, f"head_{_FEATURES}": copies}})
        answers = answers_for(asked, np.arange(len(asked)), answer, asker.batch_size, spec.buckets)
        found.append(answers.logits[_FEATURES])
    return tuple(found)


def _of_members(model: "Recognizer") -> list[Variables]:
    """The variables of each member."""
    count = model.settings.training.loop.members
    if count == 1:
        return [model.variables]
    return [jax.tree.map(lambda value, number=number: value[number], model.variables) for number in range(count)]


def _fitted(
    features: np.ndarray, logits: np.ndarray, labels: np.ndarray, prior: float
) -> tuple[np.ndarray, np.ndarray]:
    """The change of a layer, from the clips that have a label: float32 (D, C) and (C,)."""
    known = labels >= 0
    change = fit_change(features[known], logits[known], labels[known], prior)
    return change.weights.astype(np.float32), change.intercept.astype(np.float32)
