import hashlib
import http.server
import io
import tarfile
import threading
from functools import partial

import pytest

from signjax.demo import packages
from signjax.demo.packages import File, Package, fetch, pinned
from signjax.errors import InputError

CONTENT = {"package/dist/a.js": b"let a = 1;", "package/b.wasm": b"\0asm"}


def archive(content=CONTENT, more=("package/c.map", "../../out.js")) -> bytes:
    """A download as npm has it, with files that nobody asked for."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, data in (content | dict.fromkeys(more, b"more")).items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return made.getvalue()


def package(download: bytes, content=CONTENT) -> Package:
    files = {name: File(len(data), hashlib.sha256(data).hexdigest()) for name, data in content.items()}
    return Package("@some/thing", "1.2.3", "MIT", len(download), packages._integrity(download), files)


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry, as a folder that a server gives, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    folder = tmp_path / "registry" / "@some" / "thing" / "-"
    folder.mkdir(parents=True)
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "registry"))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"http://127.0.0.1:{server.server_port}/")
        yield folder / "thing-1.2.3.tgz"
        server.shutdown()


def test_a_package_is_fetched_once_and_again_when_it_was_damaged(registry, tmp_path):
    download, said = archive(), []
    registry.write_bytes(download)
    wanted = package(download)
    assert not wanted.is_there()
    fetch(wanted, said.append)
    assert wanted.is_there() and "@some/thing 1.2.3" in said[0]
    assert {path.name: path.read_bytes() for path in wanted.folder.iterdir()} == {
        "a.js": CONTENT["package/dist/a.js"],
        "b.wasm": CONTENT["package/b.wasm"],
    }
    assert not list(tmp_path.rglob("out.js"))
    fetch(wanted, pytest.fail)
    wanted.path_of("package/b.wasm").write_bytes(b"\0asM")
    assert not wanted.is_there()
    fetch(wanted, said.append)
    assert wanted.is_there()


def test_another_download_is_refused(registry):
    download = archive()
    for other in (archive({**CONTENT, "package/b.wasm": b"evil"}), download + b"more", download[:-9], b""):
        registry.write_bytes(other)
        with pytest.raises(InputError, match=r"expected .* bytes with sha512-.*nothing was kept"):
            fetch(package(download), lambda _: None)
    registry.write_bytes(download)
    with pytest.raises(InputError, match=r"package/d\.js is not what"):
        fetch(package(download, {**CONTENT, "package/d.js": b"?"}), lambda _: None)
    assert not package(download).folder.exists()


def test_without_a_network_the_command_is_named(registry):
    with pytest.raises(
        InputError, match=r"thing-1\.2\.3\.tgz cannot be downloaded \(.*ot found\).*signjax demo --fetch"
    ):
        fetch(package(archive()), lambda _: None)


def test_what_is_pinned_is_pinned_by_hashes():
    found = pinned()
    assert set(found) == {packages.HOLISTIC, packages.ONNXRUNTIME}
    for name, one in found.items():
        assert one.name == name and one.integrity.startswith("sha512-") and len(one.integrity) == 95
        assert all(len(file.sha256) == 64 for file in one.files.values())
        assert len({one.path_of(file) for file in one.files}) == len(one.files)
