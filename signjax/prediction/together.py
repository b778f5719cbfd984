"""Names the signs in many clips of one signer together, as `train.adapt` tests it.

Shapes: N clips, C classes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from signjax.data.clip import Clip
from signjax.data.dataset import in_memory
from signjax.data.visible import clips as counted
from signjax.data.visible import visible
from signjax.transfer.adaptation import FEWEST_CLIPS, adapted_answers
from signjax.transfer.neighbours import settle_signers

if TYPE_CHECKING:
    from signjax.prediction.recognizer import Recognizer


def logits_together(model: "Recognizer", clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """Head -> float32 (N, C) for cleaned clips: the network adapted to each signer, fused, and clips that are alike settled.

    Clips whose signer is not known are taken for those of one. Signers with fewer than 16 clips are answered as without adapting,
    and named.
    """
    groups: dict[str, list[int]] = {}
    for number, clip in enumerate(clips):
        groups.setdefault(clip.signer or "", []).append(number)
    few = {signer: rows for signer, rows in groups.items() if len(rows) < FEWEST_CLIPS}
    many = [np.array(rows) for signer, rows in groups.items() if signer not in few]
    for signer, rows in few.items():
        whose = f"signer {visible(signer)}" if signer else "a signer who is not named"
        model.say(f"adapt: {counted(len(rows))} of {whose}, too few; expected {FEWEST_CLIPS} or more, so not adapted")
    found = {head: np.empty((len(clips), len(names)), np.float32) for head, names in model.heads.items()}
    if few:
        rest = np.concatenate([np.array(rows) for rows in few.values()])
        for head, logits in model.logits([clips[row] for row in rest]).items():
            found[head][rest] = logits
    if many:
        named = [signer for signer in groups if signer and signer not in few]
        if len(named) < len(many):
            model.say(f"adapt: {counted(len(groups['']))} without a signer are named together, as those of one signer")
        if named:
            own = counted(sum(len(groups[signer]) for signer in named))
            model.say(
                f"adapt: {own} of {len(named)} signer{'' if len(named) == 1 else 's'} are named together, those of each"
            )
        if not model.fusion:
            model.say("adapt: only batch norm adapts, because the run has no classifier beside its network")
        some = in_memory(clips, model.spec.layout, model.spec.heads, model.spec.statistics)
        answers = adapted_answers(some, many, model.predictor, model.settings.training.model, model.variables)
        if model.fusion:
            answers = settle_signers(model.fusion.fuse(some, answers), some, model.fusion.classifier, many)
        for head, logits in answers.logits.items():
            found[head][answers.clips] = logits
    return found
