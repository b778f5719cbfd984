"""`signjax explain RUN [CLIPS]`: a page of what answers rest on, for some clips or for the mistakes of the run."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from signjax.data.clip import Rejected
from signjax.data.dataset import open_dataset
from signjax.data.text_files import write_text
from signjax.data.visible import clips as counted
from signjax.errors import InputError
from signjax.programs import Say
from signjax.report.error_analysis import find_errors, read_predictions
from signjax.runtime.jax_setup import check_platform, choose_platform
from signjax.settings import run_config
from signjax.settings.plans import take_apart

if TYPE_CHECKING:
    from signjax.explanation.page import Entry
    from signjax.prediction.recognizer import Recognizer

_PAGE = "explanations.html"


def run(arguments: Sequence[str], say: Say) -> None:
    """Explains answers and writes the page.

    Raises:
      InputError: the run or the clips cannot be used, or there is no such head or class.
    """
    parser = argparse.ArgumentParser(prog="signjax explain", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder with a trained model")
    parser.add_argument(
        "clips", type=Path, nargs="?", metavar="CLIPS", help="file or folder; the mistakes on test clips if left out"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"folder for {_PAGE}, by default the run folder")
    parser.add_argument("--head", help="head to explain, by default the first")
    parser.add_argument("--of", metavar="CLASS", help="class to explain, by default the one that was predicted")
    parser.add_argument("--against", metavar="CLASS", help="class to compare it with, by default all others")
    parser.add_argument("--most", type=int, default=12, metavar="N", help="explain at most N clips (default: 12)")
    parser.add_argument(
        "--config.data.source",
        dest="source",
        metavar="SOURCE",
        default="",
        help="source of the clips; guessed if left out",
    )
    given = parser.parse_args(arguments)
    if given.clips is None and (given.of or given.against):
        raise InputError("signjax explain: --of and --against need CLIPS; mistakes are compared with their true class")
    if given.most < 1:
        raise InputError(f"signjax explain: --most is {given.most}; it must be at least 1")
    choose_platform()
    check_platform()
    from signjax.explanation.page import explanations_page
    from signjax.prediction.recognizer import Recognizer

    recognizer = Recognizer(given.run, say)
    head = given.head or next(iter(recognizer.heads))
    if given.clips is None:
        title, entries = f"Mistakes of {given.run.resolve().name}", _of_mistakes(recognizer, head, given.most, say)
    else:
        title, entries = f"{given.clips.resolve().name}, explained", _of_clips(recognizer, head, given, say)
    folder = given.out or given.run
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / _PAGE, explanations_page(title, entries))
    for entry in entries:
        say(str(entry.explanation))
    if entries[0].explanation.note:
        say(f"{entries[0].explanation.note}.")
    say(f"explain: {counted(len(entries))}, drawn in {folder / _PAGE}")


def _of_clips(recognizer: "Recognizer", head: str, given: argparse.Namespace, say: Say) -> "list[Entry]":
    """The answers for new clips.

    Raises:
      InputError: no clip can be used, or there is no such head or class.
    """
    from signjax.explanation.explainer import check_names
    from signjax.explanation.page import Entry

    check_names(recognizer.heads, head, [name for name in (given.of, given.against) if name is not None])
    rejected: list[Rejected] = []
    predictions = recognizer.predict([given.clips], source=given.source, rejected=rejected)
    assert isinstance(predictions, list)
    if not predictions:
        first = rejected[0]
        raise InputError(f"{given.clips}: no clip can be used; for example {first.file or first.name}: {first.detail}")
    if rejected:
        say(f"explain: {counted(len(rejected))} cannot be used; for example {rejected[0].name}: {rejected[0].detail}")
    if len(predictions) > given.most:
        say(f"explain: the first {given.most} of {counted(len(predictions))}; --most=N explains more")
    entries = []
    for one in predictions[: given.most]:
        answer = ", ".join(f"{name} {share:.1%}" for name, share in one[head].top(3))
        entries.append(Entry(one.explain(head, given.of, given.against), f"The model says: {answer}"))
    return entries


def _of_mistakes(recognizer: "Recognizer", head: str, most: int, say: Say) -> "list[Entry]":
    """The mistakes of a run on its test clips, the most confident first, each compared with the true class.

    Raises:
      InputError: the run has not been evaluated, its data are gone, or it made no mistake.
    """
    from signjax.explanation.explainer import check_names
    from signjax.explanation.mistakes import explain_mistakes
    from signjax.explanation.page import Entry

    check_names(recognizer.heads, head, [])
    folder = recognizer.folder
    if not (folder / "summary.json").is_file():
        raise InputError(
            f"{folder}: the run has not been evaluated, so its mistakes are not known; see --mode=evaluate"
        )
    summary = run_config.read_object(folder / "summary.json")
    rows = [row for row in read_predictions(folder / "predictions.csv", summary) if row["split"] == "test"]
    found = [
        mistake
        for mistake in find_errors(rows, head, summary["verdict"]["good_from"]).confident
        if mistake[1] != mistake[2]
    ][:most]
    if not found:
        raise InputError(
            f"{folder}: the model made no mistake on test clips, head {head!r}; name CLIPS to explain others"
        )
    dataset = open_dataset(take_apart(run_config.of_run(folder)).dataset_folder(folder))
    say(f"explain: {counted(len(found))} of the test split whose answer was wrong, the most confident first")
    explained = explain_mistakes(recognizer.explain_cleaned, dataset, head, found)
    return [
        Entry(one, f"True: {true}. The model says: {said} {share:.1%}")
        for one, (_, true, said, share) in zip(explained, found, strict=True)
    ]
