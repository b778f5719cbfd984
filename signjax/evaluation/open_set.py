"""Open-set recognition: telling the signs that a model knows from everything else, by one score per clip.

A clip of a known sign lies near one of the class centres, however sure the model is. Two opinions are asked where there are two:
the network's, and that of the random-convolution classifier that it is fused with.

A clip whose score is below a threshold is rejected. The threshold is that of a stated false-rejection rate, the share of clips of
known signs that are rejected, and comes from validation clips; test clips have no part in it.

Shapes: N clips, C classes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.text_files import write_json
from signjax.errors import InputError
from signjax.evaluation.evaluate import Answers

FILE = "open_set.json"
FALSE_REJECTION = 0.05
_FORMAT_VERSION = 2
# Of the validation scores, as many evenly spaced order statistics are kept, which gives rates to a tenth of a per cent.
_KEPT = 1_001


def class_centres(answers: Answers) -> dict[str, np.ndarray]:
    """Head -> float32 (C, C): the mean logits of the clips of each class, NaN for a class without clips."""
    return {head: _means(logits, answers.labels[head]) for head, logits in answers.logits.items()}


def _means(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    none = np.full(logits.shape[1], np.nan)
    found = [logits[labels == code].mean(0) if (labels == code).any() else none for code in range(logits.shape[1])]
    return np.stack(found).astype(np.float32)


def similarity(logits: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(N,): the cosine of the angle to the nearest class centre, from -1 to 1, however sure the model is; 0 without any centre.

    The mean over classes counts for nothing, neither that of the logits (N, C) nor that of a centre.

    Source: mean activation vectors of Bendale & Boult (2016), with the angle in place of the distance.
    """
    known = centres[~np.isnan(centres).any(1)]
    if not len(known):
        return np.zeros(len(logits))
    return (_direction(logits) @ _direction(known).T).max(1)


def _direction(rows: np.ndarray) -> np.ndarray:
    """Each row (N, C) less its mean, of length 1, or 0 where all its values are equal."""
    centred = rows.astype(np.float64) - rows.mean(1, keepdims=True, dtype=np.float64)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def score_of(
    network: Answers, centres: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray] | None = None
) -> np.ndarray:
    """(N,): the score of each clip, the mean over heads; with another classifier, the sum of its score and the network's.

    The other classifier is a ridge classifier, which aims at the same scores for all clips of a class: its class centres are
    these, 1 for the class and -1 for the others.

    Args:
      network: the answers of the network.
      centres: head -> class centres (C, C) of the network.
      other: head -> log-probabilities (N, C) of the other classifier.
    """
    scores = [similarity(logits, centres[head]) for head, logits in network.logits.items()]
    if other is not None:
        scores = [
            own + similarity(other[head], np.eye(other[head].shape[1]))
            for own, head in zip(scores, network.logits, strict=True)
        ]
    return np.mean(scores, axis=0)


@dataclass(frozen=True)
class OpenSet:
    """What tells known signs from others.

    Attributes:
      centres: head -> float32 (C, C), of the clips that the model has learned from; see `class_centres`.
      fused: whether the random-convolution classifier is asked too.
      scores: float64, ascending: those of validation clips, or evenly spaced ones where there are very many.
      clips: the number of these validation clips.
    """

    centres: Mapping[str, np.ndarray]
    fused: bool
    scores: np.ndarray
    clips: int

    def familiarity(self, network: Answers, other: Mapping[str, np.ndarray] | None) -> np.ndarray:
        """(N,): the share of validation clips, this clip counted, that score no higher than it.

        Of clips like those of validation, at most a share r has a familiarity of r or less, however few clips there are (Vovk et
        al., 2005).
        """
        scores = score_of(network, self.centres, other if self.fused else None)
        below = np.searchsorted(self.scores, scores, "right") / max(len(self.scores), 1)
        return (1 + below * self.clips) / (1 + self.clips)

    def threshold(self, rate: float) -> float:
        """The score below which clips are rejected so that at most a share `rate` of known signs is; -inf if too few clips tell."""
        place = int(rate * (self.clips + 1))
        return float(self.scores[math.ceil(place * len(self.scores) / self.clips) - 1]) if place else -math.inf


def fit_open_set(
    valid: Answers,
    centres: Mapping[str, np.ndarray],
    of_model: Mapping[str, np.ndarray] | None = None,
    other: Mapping[str, np.ndarray] | None = None,
) -> OpenSet:
    """Calibrates with a network's answers for validation clips, of which there must be one; their labels are not needed.

    Args:
      valid: the answers of a network that has not learned these clips.
      centres: the centres of the clips that it has learned.
      of_model: the centres of the network that predicts, if that is another, trained again with the validation clips.
      other: head -> log-probabilities (N, C) of the other classifier, which has not learned these clips either.
    """
    count, ordered = len(valid.clips), np.sort(score_of(valid, centres, other))
    kept = ordered if count <= _KEPT else ordered[np.linspace(0, count - 1, _KEPT).astype(np.int64)]
    return OpenSet(centres if of_model is None else of_model, other is not None, kept, count)


def write_open_set(folder: Path, found: OpenSet | None) -> None:
    """Writes `open_set.json` into a run folder; without validation clips, there is none."""
    if found is None:
        (folder / FILE).unlink(missing_ok=True)
        return
    threshold = found.threshold(FALSE_REJECTION)
    content = {
        "format_version": _FORMAT_VERSION,
        "score": "mean over heads of the largest cosine of the logits with a class centre; if fused, of the network and of the "
        "random-convolution classifier, added up",
        "fused": found.fused,
        "clips": found.clips,
        "false_rejection": FALSE_REJECTION,
        "threshold": threshold if math.isfinite(threshold) else None,
        "scores": found.scores.tolist(),
        "centres": {
            head: [None if np.isnan(row).any() else row.tolist() for row in rows]
            for head, rows in found.centres.items()
        },
    }
    write_json(folder / FILE, content)


def read_open_set(folder: Path) -> OpenSet | None:
    """What `write_open_set` wrote; None if the run has not been evaluated, or had no validation clips.

    Raises:
      InputError: the file is damaged or has another version.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["format_version"] != _FORMAT_VERSION:
            raise ValueError(f"it has format {content['format_version']}, but this version reads {_FORMAT_VERSION}")
        scores = np.array(content["scores"], np.float64)
        if scores.ndim != 1 or not (np.diff(scores) >= 0).all():
            raise ValueError("its scores are not ascending numbers")
        centres = {str(head): _matrix(rows) for head, rows in content["centres"].items()}
        return OpenSet(centres, bool(content["fused"]), scores, int(content["clips"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: the file cannot be used: {error}. --mode=evaluate writes it again, where the run has its data"
        ) from error


def _matrix(rows: list[list[float] | None]) -> np.ndarray:
    found = np.array([[np.nan] * len(rows) if row is None else row for row in rows], np.float32)
    if found.shape != (len(rows), len(rows)):
        raise ValueError(f"a class centre has not {len(rows)} numbers")
    return found
