"""Sentences that tell the user how reliable a run's numbers are, computed from the numbers alone.

All scores are head -> metrics as `metrics.score` returns them, all baselines head -> top-1 of each baseline.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signjax.data.visible import clips, shortened, visible

# With fewer clips, or a 95 % interval of top-1 wider than this share, an accuracy is meaningless.
FEWEST_CLIPS = 10
WIDEST_INTERVAL = 0.4
_NAMED = 5
_LONGEST_NAME = 40
_BASELINES = {
    "random_convolution": "the random-convolution classifier",
    "nearest_neighbour": "the nearest neighbour",
    "majority": "the majority class",
}
_CAUSES = (
    "usually means that labels are assigned to the wrong clips, that training had too few steps, or that the layout or the "
    "channels are wrong. Check the figures in data_card.html (does each show the sign in its label?), the loss in report.html (if "
    "it is still falling, train longer), and config.data.layout"
)
# A classifier that learns only the weights of fixed features needs far fewer clips: being behind it alone suggests no mistake.
_CAUSES_BEHIND_FIXED_FEATURES = (
    "usually means that training had too few steps, or that there are too few clips for a network. Check the loss in report.html: "
    "if it is still falling, train longer"
)

Scores = Mapping[str, Mapping[str, Any]]


def warnings_for(scores: Mapping[str, Scores], baselines: Mapping[str, Scores]) -> list[str]:
    """What the reader must know about the accuracies of a run, the most serious first; empty if there is nothing.

    Args:
      scores: the scores on `valid` and `test`.
      baselines: the baselines on the same splits; a head without labelled clips is absent.
    """
    return [
        *_worse_than_baselines(scores["valid"], baselines["valid"]),
        *_not_validated(scores["valid"]),
        *_untested(scores["test"]),
        *_too_few(scores["test"]),
    ]


def result_line(
    head: str, values: Mapping[str, Any], baseline: Mapping[str, float], network: float | None = None
) -> str:
    """The accuracy of a head on the test split, always with its number of clips and interval.

    Args:
      head: its name.
      values, baseline: its scores and baselines.
      network: top-1 of the network alone, where its answers are fused.
    """
    low, high = values["top1_interval"]
    doubt = " (too few to tell)" if tells_nothing(values) else ""
    alone = "" if network is None else f"network alone {network:.3f}, "
    return (
        f"test {_short(head)}: top-1 {values['top1']:.3f} [{low:.3f}, {high:.3f}], top-3 {values['top3']:.3f}, "
        f"top-5 {values['top5']:.3f}, {clips(values['clips'])}{doubt}; {alone}"
        f"random convolution {baseline['random_convolution']:.3f}, nearest neighbour {baseline['nearest_neighbour']:.3f}, "
        f"majority {baseline['majority']:.3f}"
    )


def adapted_line(scores: Scores) -> str:
    """The accuracy of each head for new signers whose unlabelled clips were known."""
    shown = [
        f"{_short(head)} {values['top1']:.3f} [{values['top1_interval'][0]:.3f}, {values['top1_interval'][1]:.3f}]"
        for head, values in scores.items()
        if values["clips"]
    ]
    return f"adapted to unlabelled clips of each new signer: top-1 {_listed(shown)}"


def tells_nothing(values: Mapping[str, Any]) -> bool:
    """Whether there are too few clips to measure how good a model is."""
    if values["clips"] < FEWEST_CLIPS:
        return True
    low, high = values["top1_interval"]
    return bool(high - low > WIDEST_INTERVAL)


def _worse_than_baselines(scores: Scores, baselines: Scores) -> Iterator[str]:
    beaten_by = {
        head: [name for name in _BASELINES if baselines[head][name] > values["top1"]]
        for head, values in scores.items()
        if values["clips"]
    }
    heads = [head for head, better in beaten_by.items() if better]
    if not heads:
        return
    found = [text for name, text in _BASELINES.items() if any(name in beaten_by[head] for head in heads)]
    by_all = all(len(beaten_by[head]) == len(found) for head in heads)
    last = " and " if by_all else " or "
    better = last.join([*filter(None, [", ".join(found[:-1])]), found[-1]])
    numbers = [_compared(scores[head], baselines[head]) for head in heads]
    by_chance = all(
        max(baselines[head][name] for name in beaten_by[head]) <= scores[head]["top1_interval"][1] for head in heads
    )
    so = "With so few clips this may be chance; if not, it" if by_chance else "This"
    alone = found == [_BASELINES["random_convolution"]]
    causes = _CAUSES_BEHIND_FIXED_FEATURES if alone else _CAUSES
    yield f"on validation the model is worse than {better}: {_of_heads(scores, heads, numbers)}. {so} {causes}"


def _compared(values: Mapping[str, Any], baseline: Mapping[str, float]) -> str:
    others = ", ".join(f"{text.removeprefix('the ')} {100 * baseline[name]:.1f} %" for name, text in _BASELINES.items())
    return f"top-1 {100 * values['top1']:.1f} %, {others}, {clips(values['clips'])}"


def _not_validated(scores: Scores) -> Iterator[str]:
    if not any(values["clips"] for values in scores.values()):
        yield (
            "no validation clip has a label, so it is not known whether the network beats its baselines on other clips than those "
            "of training. Choose another --config.data.split, or label validation clips"
        )


def _untested(scores: Scores) -> Iterator[str]:
    heads = [head for head, values in scores.items() if not values["clips"]]
    if heads:
        whose = "" if len(scores) == 1 else f" for {_listed([_short(head) for head in heads])}"
        yield f"no test clip has a label{whose}, so the accuracy is not known"


def _too_few(scores: Scores) -> Iterator[str]:
    heads = [head for head, values in scores.items() if values["clips"] and tells_nothing(values)]
    if not heads:
        return
    ranges = []
    for head in heads:
        low, high = scores[head]["top1_interval"]
        ranges.append(f"{clips(scores[head]['clips'])}, between {100 * low:.0f} and {100 * high:.0f} %")
    yield (
        f"too few test clips to tell: {_of_heads(scores, heads, ranges)}. Test more clips, or each part of the data in turn with "
        "--config.data.split=folds"
    )


def _of_heads(scores: Scores, heads: Sequence[str], texts: Sequence[str]) -> str:
    """The text for each head, after its name if the run has several."""
    if len(scores) == 1:
        return texts[0]
    return _listed([f"{_short(head)} ({text})" for head, text in zip(heads, texts, strict=True)])


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _NAMED
    rest = f", and {more} other head{'' if more == 1 else 's'}" if more > 0 else ""
    return ", ".join(texts[:_NAMED]) + rest


def _short(head: str) -> str:
    return shortened(visible(head), _LONGEST_NAME)
