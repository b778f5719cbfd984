"""`signjax compare RUN RUN ...`: what tells finished runs apart, and whether one of them is better on the same test clips."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from signjax.errors import InputError
from signjax.programs import Say
from signjax.runs.comparison.compare import compare
from signjax.runs.comparison.lines import comparison_lines, write_comparison
from signjax.runs.finished import open_runs


def run(arguments: Sequence[str], say: Say) -> None:
    """Prints the comparison, and writes it as a page if asked for.

    Raises:
      InputError: there are fewer than two runs, or folders are no finished runs; the message names all of them.
    """
    parser = argparse.ArgumentParser("signjax compare", description=__doc__)
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        type=Path,
        help="folder of a finished run; the others are tested against the first",
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page, with every clip that only one run names rightly"
    )
    given = parser.parse_args(arguments)
    folders = list({folder.resolve(): folder for folder in given.runs}.values())
    if len(folders) < 2:
        raise InputError(f"signjax compare: expected at least two runs, found {', '.join(map(str, folders))}")
    found = compare(open_runs(folders))
    for line in comparison_lines(found):
        say(line)
    if given.html:
        write_comparison(given.html, found)
        say(f"page: {given.html}")
