"""`python -m signjax.pickles convert SRC DST` and `python -m signjax.pickles show FILE`."""

import argparse
import dataclasses
import io
import os
import sys
from pathlib import Path

from signjax.pickles.limits import Limits, PickleError

_LIMITS = tuple(field.name for field in dataclasses.fields(Limits) if field.type in (int, "int"))


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m signjax.pickles", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    convert = commands.add_parser("convert", help="turn pickles into .npz files")
    convert.add_argument("source", type=Path, help="a pickle, or a folder of them")
    convert.add_argument("destination", type=Path, help="the folder for the .npz files and manifest.jsonl")
    convert.add_argument("--recursive", action="store_true", help="search subfolders of the source")
    convert.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="number of processes (default: one per core)",
    )
    convert.add_argument("--overwrite", action="store_true", help="also convert unchanged files again")
    convert.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N", help="convert only the I-th of N parts")

    show = commands.add_parser("show", help="list a file's arrays: shape, dtype, device, range, NaN")
    show.add_argument("file", type=Path)
    show.add_argument("--json", action="store_true", help="as JSON")

    merge = commands.add_parser("merge", help="merge the manifests that --shard wrote into one")
    merge.add_argument("destination", type=Path)

    for command in (convert, show):
        defaults = ", ".join(f"{name} {getattr(Limits(), name)}" for name in _LIMITS)
        command.add_argument(
            "--limit",
            type=_limit,
            action="append",
            default=[],
            metavar="NAME=N",
            help=f"raise or lower one of the bounds on what a file may cost; can be repeated (defaults: {defaults})",
        )
        for name in ("ratio", "allowance"):
            command.add_argument(f"--{name}", type=int, metavar="N", help=f"the same as --limit {name}=N")
        command.add_argument(
            "--skip-unknown",
            action="store_true",
            help="read an object of an unknown class as its name and its data, instead of refusing the file; never runs code",
        )
    chosen = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file may hold letters that a Windows console or pipe lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(chosen)
    except PickleError as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to print goes nowhere
        return 0
    except OSError as error:
        print(": ".join(filter(None, (error.filename, error.strerror))), file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted; the same command continues from here", file=sys.stderr)
    return 2


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "merge":
        from signjax.pickles.conversion import manifest

        print(f"{manifest.merge(chosen.destination)} files in {chosen.destination / manifest.NAME}")
        return 0
    given = dict(chosen.limit)
    given |= {name: value for name in ("ratio", "allowance") if (value := getattr(chosen, name)) is not None}
    limits = Limits(**given, skip_unknown=chosen.skip_unknown)
    if chosen.command == "show":
        from signjax.pickles import show

        rows = show.describe(chosen.file, limits)
        print(show.as_json(rows) if chosen.json else show.as_table(rows), flush=True)
        return 0
    from signjax.pickles.conversion.convert import convert

    return convert(
        chosen.source,
        chosen.destination,
        recursive=chosen.recursive,
        workers=max(1, chosen.workers),
        overwrite=chosen.overwrite,
        shard=chosen.shard,
        limits=limits,
    )


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in _LIMITS or not number.isdecimal():
        raise argparse.ArgumentTypeError(
            f"must be NAME=N with a whole number, and one of the names {', '.join(_LIMITS)}"
        )
    return name, int(number)


def _shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise argparse.ArgumentTypeError("must be I/N with I from 1 to N, such as 1/4")
    return int(index), int(count)


if __name__ == "__main__":
    sys.exit(main())
