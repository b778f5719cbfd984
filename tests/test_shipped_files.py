"""What surrounds the package: the citation, and what goes into the container."""

import re
from pathlib import Path

import yaml

import signjax

ROOT = Path(__file__).resolve().parent.parent


def test_the_citation_names_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= cited.keys()  # what CFF 1.2 requires
    assert (cited["cff-version"], cited["version"], cited["license"]) == ("1.2.0", signjax.__version__, "Apache-2.0")


def test_what_the_container_copies_is_there_and_is_sent():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored and all((ROOT / name).exists() for name in copied)
    users = [number for number, line in enumerate(lines) if re.match("USER (?!root)", line)]
    assert users and users[-1] < next(number for number, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
