"""The npm packages that the page loads, each pinned to a version and its hashes, in a folder of the user's cache.

They are too large for the wheel: `packages.json` says what they are, and `fetch` downloads them once from the npm registry.
"""

import base64
import hashlib
import io
import json
import os
import tarfile
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

from signjax.data.folders import replacing
from signjax.data.locks import sibling_lock
from signjax.errors import InputError

Say = Callable[[str], None]

HOLISTIC, ONNXRUNTIME = "@mediapipe/holistic", "onnxruntime-web"
COMMAND = "signjax demo --fetch"
_REGISTRY = "https://registry.npmjs.org"
_SECONDS = 60  # without an answer of the registry
_PIECE = 1 << 20
_TOLD = 10_000_000  # bytes between two lines of progress


@dataclass(frozen=True)
class File:
    """One file of a package that the page needs: its size in bytes, and its SHA-256 as hexadecimal digits."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Package:
    """A pinned package.

    Attributes:
      name: as npm knows it.
      version: the only one that is taken.
      licence: of its files.
      bytes: size of the download.
      integrity: its hash as npm writes it: `sha512-`, and base64.
      files: path in the package -> the file.
    """

    name: str
    version: str
    licence: str
    bytes: int
    integrity: str
    files: Mapping[str, File]

    @property
    def folder(self) -> Path:
        """Where its files lie once it was fetched."""
        return cache_folder() / f"{self.name.rpartition('/')[2]}-{self.version}"

    @property
    def url(self) -> str:
        """The download, at the registry of npm's variable `NPM_CONFIG_REGISTRY` if it is set."""
        registry = os.environ.get("NPM_CONFIG_REGISTRY", _REGISTRY).rstrip("/")
        return f"{registry}/{self.name}/-/{self.name.rpartition('/')[2]}-{self.version}.tgz"

    def path_of(self, file: str) -> Path:
        """Where a file lies, by its path in the package."""
        return self.folder / PurePosixPath(file).name

    def is_there(self) -> bool:
        """Whether all files were fetched and are what they should be."""
        try:
            return all(_is(self.path_of(name).read_bytes(), file) for name, file in self.files.items())
        except OSError:
            return False


def cache_folder() -> Path:
    """`signjax/npm` in the user's cache folder: `$XDG_CACHE_HOME`, or `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "signjax" / "npm"


def pinned() -> dict[str, Package]:
    """The packages of `packages.json`, by name."""
    content = json.loads(files("signjax.demo").joinpath("packages.json").read_text(encoding="utf-8"))
    return {
        name: Package(name, **(fields | {"files": {path: File(**file) for path, file in fields["files"].items()}}))
        for name, fields in content.items()
    }


def fetch(package: Package, say: Say) -> None:
    """Downloads a package and checks it, unless that was done before.

    Raises:
      InputError: the registry cannot be reached, or sends something else than the pinned package.
    """
    if package.is_there():
        return
    say(f"fetch: {package.name} {package.version} ({package.bytes / 1e6:.0f} MB) from {package.url}")
    try:
        content = _download(package, say)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{package.url} cannot be downloaded ({getattr(error, 'reason', error)}), and it is not in {package.folder} "
            f"either. Where there is a network, run {COMMAND} once; it keeps the files in {cache_folder()}, which can be copied to "
            "another machine"
        ) from error
    if _integrity(content) != package.integrity:
        raise InputError(
            f"{package.url}: expected {package.bytes:,} bytes with {package.integrity}, found {len(content):,} bytes with "
            f"{_integrity(content)}; nothing was kept. Try again, without a proxy that changes downloads"
        )
    found = _unpacked(package, content)
    package.folder.parent.mkdir(parents=True, exist_ok=True)
    with sibling_lock(package.folder, say) as lock:
        lock.require()
        with replacing(package.folder) as new:
            for name, data in found.items():
                (new / PurePosixPath(name).name).write_bytes(data)
    say(f"fetch: {package.name} is in {package.folder}")


def _download(package: Package, say: Say) -> bytes:
    """The download, at most one byte more than it should have.

    Raises:
      OSError, ValueError: there is no network, no such file, or no such registry.
    """
    content, told = io.BytesIO(), 0
    with urllib.request.urlopen(package.url, timeout=_SECONDS) as answer:
        while piece := answer.read(min(_PIECE, package.bytes + 1 - content.tell())):
            content.write(piece)
            if content.tell() >= told + _TOLD:
                told = content.tell()
                say(f"fetch: {told / 1e6:.0f} of {package.bytes / 1e6:.0f} MB")
    return content.getvalue()


def _unpacked(package: Package, content: bytes) -> dict[str, bytes]:
    """The pinned files of a package; everything else in it is left where it is.

    Raises:
      InputError: one is missing or another one.
    """
    found = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            if member.isfile() and member.name in package.files:
                reader = archive.extractfile(member)
                found[member.name] = reader.read() if reader else b""
    wrong = [name for name, file in package.files.items() if not _is(found.get(name, b""), file)]
    if wrong:
        raise InputError(f"{package.url}: {', '.join(wrong)} is not what signjax was made with; nothing was kept")
    return found


def _is(data: bytes, file: File) -> bool:
    return len(data) == file.bytes and hashlib.sha256(data).hexdigest() == file.sha256


def _integrity(content: bytes) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
