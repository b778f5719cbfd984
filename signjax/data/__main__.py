"""Commands on data.

python -m signjax.data hamnosys STRING
python -m signjax.data hamnosys --check data.json
"""

import argparse
import signal
import sys

from signjax.data.hamnosys import command as hamnosys


def main(argv: list[str] | None = None) -> int:
    """Runs a subcommand; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m signjax.data", description="Commands on data.")
    commands = parser.add_subparsers(dest="command", required=True)
    hamnosys.add_arguments(
        commands.add_parser("hamnosys", help="explain a HamNoSys string, or check the strings in a table")
    )
    return hamnosys.run(parser.parse_args(argv))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends the output without a traceback
    sys.exit(main())
