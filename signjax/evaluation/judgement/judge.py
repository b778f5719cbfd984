"""The verdict on a run: a level in words, a sentence, and the findings behind it.

Accuracies are fractions of 1.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signjax.data.visible import clips, shortened, visible
from signjax.evaluation.baselines import NAMES
from signjax.evaluation.judgement.finding import Finding, percent
from signjax.evaluation.judgement.findings import findings_of
from signjax.evaluation.judgement.numbers import HeadNumbers
from signjax.evaluation.result_lines import tells_nothing

# A result below this top-1 is not called good: one clip in five is wrong.
GOOD_FROM = 0.8
# From the worst to the best.
WORDS = {
    "worse_than_baseline": "Worse than a baseline",
    "too_few_clips": "Too few clips to tell",
    "weak": "Weak",
    "good": "Good",
}
_SAID = 5
_LONGEST_LINE = 79
_LONGEST_HEAD = 24


def judge(heads: Sequence[HeadNumbers], general: Sequence[Finding] = (), notes: Sequence[str] = ()) -> dict[str, Any]:
    """Judges a run.

    Args:
      heads: the numbers of each head.
      general: findings that are not about a head.
      notes: other sentences that the reader must see, each with its own reason.

    Returns:
      What `summary.json` has under `verdict`: `level` (a key of `WORDS`), `word`, `line` (a sentence with the numbers),
      `good_from`, `heads` (head -> `level`, `word` and `line`), `findings` (those that weaken the result first) and `notes`.
    """
    found = {numbers.head: findings_of(numbers) for numbers in heads}
    judged = {numbers.head: level_of(numbers, found[numbers.head]) for numbers in heads}
    overall = min(judged.values(), key=list(WORDS).index, default="too_few_clips")
    findings = [*(finding for head in found.values() for finding in head), *general]
    return {
        "level": overall,
        "word": WORDS[overall],
        "line": _line(heads[0]) if len(heads) == 1 else _line_of_many(judged),
        "good_from": GOOD_FROM,
        "heads": {
            numbers.head: {
                "level": judged[numbers.head],
                "word": WORDS[judged[numbers.head]],
                "line": _line(numbers),
            }
            for numbers in heads
        },
        "findings": [finding.fields() for finding in sorted(findings, key=lambda finding: not finding.weakens)],
        "notes": list(notes),
    }


def level_of(numbers: HeadNumbers, findings: Sequence[Finding]) -> str:
    """The level of a head: the first that applies.

    `too_few_clips`: fewer than 10 labelled test clips, or an interval wider than 40 points. `worse_than_baseline`: that
    finding weakens it. `good`: top-1 of at least 80 %, and no finding that weakens it. `weak`: all others.
    """
    test = numbers.scores["test"]
    if not test["clips"] or tells_nothing(test):
        return "too_few_clips"
    if any(finding.kind == "below_baseline" and finding.weakens for finding in findings):
        return "worse_than_baseline"
    if test["top1"] >= GOOD_FROM and not any(finding.weakens for finding in findings):
        return "good"
    return "weak"


def verdict_lines(verdict: Mapping[str, Any]) -> Iterator[str]:
    """The verdict for a console: the level, then a line for each of the first findings."""
    yield f"verdict: {verdict['word'].lower()}"
    for finding in verdict["findings"][:_SAID]:
        yield shortened(f"  {'!' if finding['weakens'] else '-'} {_titled(verdict, finding)}", _LONGEST_LINE)
    more = len(verdict["findings"]) - _SAID
    if more > 0:
        yield f"  and {more} more"
    if verdict["findings"]:
        yield "  report.html has the reason and the next step for each"


def doubts(verdict: Mapping[str, Any]) -> list[str]:
    """What a reader must know before believing the accuracies: the notes, and the findings that weaken the result."""
    weakening = [finding for finding in verdict["findings"] if finding["weakens"]]
    return [*verdict["notes"], *(_titled(verdict, finding) for finding in weakening)]


def _titled(verdict: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """The title of a finding, after the head that it is about if the run has several."""
    whose = f"{_short(finding['head'])}: " if len(verdict["heads"]) > 1 and finding["head"] else ""
    return f"{whose}{finding['title']}"


def _line(numbers: HeadNumbers) -> str:
    test = numbers.scores["test"]
    if not test["clips"]:
        return "No test clip has a label."
    low, high = test["top1_interval"]
    others = ", ".join(f"{name} {percent(numbers.baselines['test'][key])}" for key, name in NAMES.items())
    return (
        f"Top-1 {percent(test['top1'])} on {clips(test['clips'])} of the test split (95 % interval {percent(low)} to "
        f"{percent(high)}); {others}."
    )


def _line_of_many(judged: Mapping[str, str]) -> str:
    """How many heads have each level, with the names of those that are not good."""
    parts = []
    for level, word in WORDS.items():
        heads = [_short(head) for head, own in judged.items() if own == level]
        if heads:
            more = len(heads) - _SAID
            names = ", ".join(heads[:_SAID]) + (f" and {more} more" if more > 0 else "")
            parts.append(f"{word.lower()}: {len(heads)} of {len(judged)} heads ({names})")
    line = "; ".join(parts)
    return f"{line[:1].upper()}{line[1:]}."


def _short(name: str) -> str:
    return shortened(visible(name), _LONGEST_HEAD)
