"""Open-set recognition: telling the signs that a model knows from everything else, by one score per clip.

A clip whose score is below a threshold is rejected. The threshold is that of a stated false-rejection rate, the share of clips of
known signs that are rejected, and comes from validation clips; test clips have no part in it.

Shapes: N clips, C classes.
"""

import json
import math
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
# Of the validation scores, as many evenly spaced order statistics are kept, which gives rates to a tenth of a per cent.
_KEPT = 1_001


def largest_logit(logits: np.ndarray) -> np.ndarray:
    """(N,): the largest logit less the mean of all, which is low where no class stands out (Hendrycks et al., 2022)."""
    scores = logits.astype(np.float64)
    return scores.max(-1) - scores.mean(-1)


def score_of(answers: Answers) -> np.ndarray:
    """(N,): the score of each clip, the mean over heads."""
    return np.mean([largest_logit(logits) for logits in answers.logits.values()], axis=0)


@dataclass(frozen=True)
class OpenSet:
    """What tells known signs from others.

    Attributes:
      scores: float64, ascending: those of validation clips, or evenly spaced ones where there are very many.
      clips: the number of these validation clips.
    """

    scores: np.ndarray
    clips: int

    def familiarity(self, answers: Answers) -> np.ndarray:
        """(N,): the share of validation clips, this clip counted, that score no higher than it.

        Of clips like those of validation, at most a share r has a familiarity of r or less, however few clips there are (Vovk et
        al., 2005).
        """
        below = np.searchsorted(self.scores, score_of(answers), "right") / max(len(self.scores), 1)
        return (1 + below * self.clips) / (1 + self.clips)

    def threshold(self, rate: float) -> float:
        """The score below which clips are rejected so that at most a share `rate` of known signs is; -inf if too few clips tell."""
        place = int(rate * (self.clips + 1))
        return float(self.scores[math.ceil(place * len(self.scores) / self.clips) - 1]) if place else -math.inf


def fit_open_set(answers: Answers) -> OpenSet:
    """Calibrates with the answers of a model for validation clips, of which there must be one; labels are not needed."""
    count, ordered = len(answers.clips), np.sort(score_of(answers))
    kept = ordered if count <= _KEPT else ordered[np.linspace(0, count - 1, _KEPT).astype(np.int64)]
    return OpenSet(kept, count)


def write_open_set(folder: Path, found: OpenSet | None) -> None:
    """Writes `open_set.json` into a run folder; without validation clips, there is none."""
    if found is None:
        (folder / FILE).unlink(missing_ok=True)
        return
    threshold = found.threshold(FALSE_REJECTION)
    content = {
        "format_version": _FORMAT_VERSION,
        "score": "mean over heads of the largest logit less the mean logit, of the answers that predictions are made of",
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
        scores = np.array(content["scores"], np.float64)
        if scores.ndim != 1 or not (np.diff(scores) >= 0).all():
            raise ValueError("its scores are not ascending numbers")
        return OpenSet(scores, int(content["clips"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: the file cannot be used: {error}. --mode=evaluate writes it again, where the run has its data"
        ) from error
