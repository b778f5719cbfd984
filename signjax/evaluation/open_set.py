"""Open-set recognition: telling the signs that a model knows from everything else, by one score per clip.

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
_FORMAT_VERSION = 1
_TEMPERATURES = np.geomspace(0.1, 10.0, 81)
# Of the validation scores, as many evenly spaced order statistics are kept, which gives rates to a tenth of a per cent.
_KEPT = 1_001

def log_sum_exp(logits: np.ndarray) -> np.ndarray:
    """Over the last axis, (..., C)."""
    highest = logits.max(-1, keepdims=True)
    return (highest + np.log(np.exp(logits - highest).sum(-1, keepdims=True)))[..., 0]


def max_probability(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(N,): the logarithm of the probability of the most likely class (Hendrycks & Gimpel, 2017)."""
    scaled = logits.astype(np.float64) / temperature
    return scaled.max(-1) - log_sum_exp(scaled)


def energy(logits: np.ndarray) -> np.ndarray:
    """(N,): the negative energy, log(sum(exp(logits))), which is low where no class is supported (Liu et al., 2020)."""
    return log_sum_exp(logits.astype(np.float64))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that gives the labels (N,), -1 = not labelled, the greatest likelihood (Guo et al., 2017)."""
    labelled = labels >= 0
    if not labelled.any():
        return 1.0
    scaled = logits[labelled].astype(np.float64) / _TEMPERATURES[:, None, None]
    likelihood = scaled[:, np.arange(labelled.sum()), labels[labelled]] - log_sum_exp(scaled)
    return float(_TEMPERATURES[likelihood.sum(1).argmax()])


def class_centres(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 (C, C): the mean logits of the clips of each class; infinite for a class without clips."""
    found = [logits[labels == code].mean(0) if (labels == code).any() else None for code in range(logits.shape[1])]
    none = np.full(logits.shape[1], np.inf)
    return np.stack([none if one is None else one.astype(np.float64) for one in found])


def nearness(logits: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(N,): the negative distance to the nearest class centre, in the space of logits (Bendale & Boult, 2016)."""
    return -np.linalg.norm(logits[:, None].astype(np.float64) - centres, axis=2).min(1)


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """The probability that a known clip has a higher score than an unknown one; a tie counts half."""
    ordered = np.sort(known)
    below, up_to = (np.searchsorted(ordered, unknown, side) for side in ("left", "right"))
    return float(1 - (below + up_to).sum() / (2 * len(known) * len(unknown)))


@dataclass(frozen=True)
class OpenSet:
    """What tells known signs from others.

    Attributes:
      temperatures: head -> the temperature of its logits.
      scores: float64, ascending: those of validation clips, or evenly spaced ones where there are very many.
      clips: the number of these validation clips.
    """

    temperatures: Mapping[str, float]
    scores: np.ndarray
    clips: int

    def score(self, answers: Answers) -> np.ndarray:
        """(N,): the score of each clip, the mean over heads."""
        of_heads = [max_probability(logits, self.temperatures[head]) for head, logits in answers.logits.items()]
        return np.mean(of_heads, axis=0)

    def familiarity(self, answers: Answers) -> np.ndarray:
        """(N,): the share of validation clips, this clip counted, that score no higher than it.

        Of clips like those of validation, at most a share r has a familiarity of r or less, however few clips there are (Vovk et
        al., 2005).
        """
        below = np.searchsorted(self.scores, self.score(answers), "right") / max(len(self.scores), 1)
        return (1 + below * self.clips) / (1 + self.clips)

    def threshold(self, rate: float) -> float:
        """The score up to which clips are rejected so that at most a share `rate` of known signs is; -inf where too few clips tell."""
        place = int(rate * (self.clips + 1))
        return float(self.scores[math.ceil(place * len(self.scores) / self.clips) - 1]) if place else -math.inf


def fit_open_set(answers: Answers) -> OpenSet:
    """Calibrates with the answers of a model for validation clips, of which there must be one; their labels may be missing."""
    temperatures = {head: fit_temperature(logits, answers.labels[head]) for head, logits in answers.logits.items()}
    count = len(answers.clips)
    ordered = np.sort(OpenSet(temperatures, np.zeros(0), 0).score(answers))
    kept = ordered if count <= _KEPT else ordered[np.linspace(0, count - 1, _KEPT).astype(np.int64)]
    return OpenSet(temperatures, kept, count)


def write_open_set(folder: Path, found: OpenSet | None) -> None:
    """Writes `open_set.json` into a run folder; without validation clips, there is none."""
    if found is None:
        (folder / FILE).unlink(missing_ok=True)
        return
    threshold = found.threshold(FALSE_REJECTION)
    content = {
        "format_version": _FORMAT_VERSION,
        "score": "mean over heads of the logarithm of the largest probability, logits divided by the temperature",
        "temperatures": dict(found.temperatures),
        "clips": found.clips,
        "false_rejection": FALSE_REJECTION,
        "threshold": threshold if math.isfinite(threshold) else None,
        "scores": found.scores.tolist(),
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
        temperatures = {str(head): float(value) for head, value in content["temperatures"].items()}
        scores = np.array(content["scores"], np.float64)
        if scores.ndim != 1 or not (np.diff(scores) >= 0).all():
            raise ValueError("its scores are not ascending numbers")
        return OpenSet(temperatures, scores, int(content["clips"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: the file cannot be used: {error}. --mode=evaluate writes it again, where the run has its data"
        ) from error
