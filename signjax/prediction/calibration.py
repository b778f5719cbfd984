"""Calibrates a model to a signer of whom a few labelled clips are known: the last layers of the network and of the classifier that
it is fused with are fitted to them; everything before stays.

Shapes: N clips, D features, C classes, M members.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import numpy as np

from signjax.data.clip import Clip
from signjax.data.dataset import Dataset
from signjax.errors import InputError
from signjax.evaluation.evaluate import answers_for
from signjax.evaluation.fusion import Fusion
from signjax.model.factory import make_model
from signjax.model.input_spec import InputSpec
from signjax.prediction.calibration_labels import check_labels, labelled
from signjax.prediction.calibration_record import calibration_with
from signjax.prediction.head_fit import fit_change
from signjax.predictor import Predictor
from signjax.random_convolution.features import extract_features
from signjax.settings.plans import TrainingPlans
from signjax.training import parallel
from signjax.training.state import Variables

if TYPE_CHECKING:
    from signjax.prediction.recognizer import Recognizer

# The head of a network that tells what its heads are given.
_FEATURES = "features"


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
    heads, others = _fitting_heads(some)
    if not heads:
        raise InputError("the clips are all of one class; calibrating needs clips of two classes or more")
    if others:
        model.say(f"calibrate: without labels of two classes, so left as it is: {', '.join(others)}")
    new = copy(model)
    plans = model.settings.training
    new.variables = calibrated_network(model.variables, plans, model.spec, model.predictor, some, heads)
    new.answer = model.predictor.answer_with(new.variables)
    new.fusion = calibrated_fusion(model.fusion, some, heads) if model.fusion else None
    new.calibration = calibration_with(model.folder, heads, clips)
    return new


def calibrated_network(
    variables: Variables, plans: TrainingPlans, spec: InputSpec, predictor: Predictor, clips: Dataset, heads: list[str]
) -> Variables:
    """The variables of a network, with these heads fitted to labelled clips.

    Args:
      variables: of all members where there are several.
      plans: of the run.
      spec: of the run.
      predictor: of the run.
      clips: all of them are used.
      heads: those to fit, of each of which the clips have two classes or more.
    """
    params, members = variables["params"], plans.loop.members
    size = params[f"head_{heads[0]}"]["kernel"].shape[-2]
    asking = replace(spec, heads={_FEATURES: tuple(map(str, range(size)))})
    asked = replace(clips, heads=asking.heads, labels=np.full((len(clips), 1), -1, np.int32))
    model = make_model(plans.model, asking, parallel.AXIS)
    asker = Predictor(model, asking, plans.losses, predictor.devices)
    # A head that copies its inputs.
    copies = {"kernel": np.eye(size, dtype=np.float32), "bias": np.zeros(size, np.float32)}
    fitted: dict[str, list[dict[str, np.ndarray]]] = {head: [] for head in heads}
    for member in range(members):
        own = variables if members == 1 else _member(variables, member)
        body = {name: value for name, value in own["params"].items() if not name.startswith("head_")}
        answer = asker.answer_with({**own, "params": {**body, f"head_{_FEATURES}": copies}})
        answers = answers_for(asked, np.arange(len(asked)), answer, asker.batch_size, spec.buckets)
        features = answers.logits[_FEATURES]
        for head in heads:
            kernel, bias = own["params"][f"head_{head}"]["kernel"], own["params"][f"head_{head}"]["bias"]
            weights, intercept = _fitted(features, features @ kernel + bias, clips, head)
            fitted[head].append({"kernel": kernel + weights, "bias": bias + intercept})
    new = {
        f"head_{head}": {
            name: np.stack([one[name] for one in each]) if members > 1 else each[0][name] for name in ("kernel", "bias")
        }
        for head, each in fitted.items()
    }
    return {**variables, "params": {**params, **new}}


def calibrated_fusion(fusion: Fusion, clips: Dataset, heads: list[str]) -> Fusion:
    """The fusion, with these heads of its classifier fitted to labelled clips; arguments as in `calibrated_network`."""
    classifier = fusion.classifier
    features = extract_features(clips, np.arange(len(clips)), classifier.length, classifier.convolutions)
    features = features.astype(np.float32)
    fitted = dict(classifier.heads)
    for head in heads:
        old = classifier.heads[head]
        weights, intercept = _fitted(features, old.sharpness * (features @ old.weights + old.intercept), clips, head)
        fitted[head] = old._replace(
            weights=old.weights + weights / np.float32(old.sharpness),
            intercept=old.intercept + intercept / np.float32(old.sharpness),
        )
    return replace(fusion, classifier=replace(classifier, heads=fitted))


def _fitted(features: np.ndarray, logits: np.ndarray, clips: Dataset, head: str) -> tuple[np.ndarray, np.ndarray]:
    """The change for a head, from the clips that have a label for it: float32 (D, C) and (C,)."""
    labels = clips.labels[:, list(clips.heads).index(head)]
    known = labels >= 0
    change = fit_change(features[known], logits[known], labels[known])
    return change.weights.astype(np.float32), change.intercept.astype(np.float32)


def _member(variables: Variables, number: int) -> Variables:
    """The variables of one of several members."""
    taken: Variables = jax.tree.map(lambda value: value[number], variables)
    return taken


def _fitting_heads(clips: Dataset) -> tuple[list[str], list[str]]:
    """The heads that labelled clips can fit, which need clips of two classes, and the others."""
    counts: Mapping[str, int] = {
        head: len(np.unique(clips.labels[clips.labels[:, column] >= 0, column]))
        for column, head in enumerate(clips.heads)
    }
    return [head for head, count in counts.items() if count > 1], [head for head, count in counts.items() if count < 2]
