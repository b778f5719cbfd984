"""The server, with a page that needs no model."""

import http.client
import json
import threading
from contextlib import contextmanager

import pytest

from signjax.demo.page import page_files
from signjax.demo.server import MOST_BYTES, PageServer
from signjax.errors import InputError


class SomePage:
    """A page whose answers say what it was asked."""

    def __init__(self, folder):
        (folder / "a.wasm").write_bytes(b"\0asm")
        (folder / "secret.txt").write_text("secret")
        self.files, self.large = page_files(), {"/packages/some-1/a.wasm": folder / "a.wasm"}

    def about(self):
        return {"model": "some"}

    def begin(self, number, ask):
        return {"number": number, "ask": ask}

    def predict(self, body, name, number, live, ask):
        if name == "bad":
            raise InputError("bad: it is not a clip")
        return {"bytes": len(body), "name": name, "number": number, "live": live, "ask": ask}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(SomePage(tmp_path_factory.mktemp("page"))) as one:
        yield one


@contextmanager
def served(page):
    with PageServer(page, 0) as one:
        thread = threading.Thread(target=one.serve_forever, daemon=True)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def asked(server, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def test_it_listens_on_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.server_port}/"
    with pytest.raises(InputError, match=r"port \d+ of this machine cannot be used .*--port"):
        PageServer(server.page, server.server_port)


def test_the_page_and_its_packages_have_their_types_and_rules(server):
    for path, kind in (
        ("/", "text/html"),
        ("/page.js", "text/javascript"),
        ("/style.css", "text/css"),
        ("/packages/some-1/a.wasm", "application/wasm"),
        ("/about", "application/json"),
    ):
        status, headers, body = asked(server, "GET", path)
        assert status == 200 and body and headers["Content-Type"].startswith(kind)
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in headers
    names = {name for name in server.page.files if name != "/"}
    page = b"".join(server.page.files.values())
    for name in names:
        assert name.encode() in page, f"nothing loads {name}"
    assert b"https://" not in page and b"http://" not in page.replace(b"http://www.w3.org/2000/svg", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/packages/some-1/../secret.txt", "/packages/some-1/secret.txt", "/packages/some-1/%2e%2e/secret.txt",
        "/..%2fsecret.txt", "//etc/passwd", "/packages/", "/static/page.js", "/index.html/", "/%00", "/predict", "/server.py",
    ],
)  # fmt: skip
def test_no_path_leads_to_another_file(server, path):
    status, _, body = asked(server, "GET", path)
    assert status == 404 and b"secret" not in body.replace(path.encode(), b"")


def test_other_pages_are_refused(server):
    port = server.server_port
    good = f"127.0.0.1:{port}"
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", ""):
        assert asked(server, "GET", "/about", Host=host)[0] == 403
        assert asked(server, "POST", "/predict?name=a", b"x", Host=host)[0] == 403
    for origin in ("https://evil.example", "null", f"http://evil.example:{port}", f"https://{good}"):
        assert asked(server, "POST", "/predict?name=a", b"x", Host=good, Origin=origin)[0] == 403
    for host in (good, f"localhost:{port}"):
        assert asked(server, "POST", "/predict?name=a", b"x", Host=host, Origin=f"http://{host}")[0] == 200


def test_what_is_sent_reaches_the_model(server):
    status, _, body = asked(server, "POST", "/predict?name=a%20b.npy&number=3&live=1", b"12345")
    assert (status, json.loads(body)) == (200, {"bytes": 5, "name": "a b.npy", "number": 3, "live": True, "ask": True})
    assert json.loads(asked(server, "GET", "/begin?number=2&inputs=1")[2]) == {"number": 2, "ask": False}
    for number in ("-1", "x", "1" * 20, "²"):
        assert (
            json.loads(asked(server, "POST", f"/predict?name=a&number={number.replace('²', '%C2%B2')}", b"1")[2])[
                "number"
            ]
            == 0
        )
    status, _, body = asked(server, "POST", "/predict?name=bad", b"12345")
    assert (status, json.loads(body)) == (400, {"error": "bad: it is not a clip"})


def test_files_have_a_limit_and_a_length(server):
    status, _, body = asked(server, "POST", "/predict?name=a", None, **{"Content-Length": str(MOST_BYTES + 1)})
    assert status == 413 and "64 MiB" in json.loads(body)["error"]
    for length in ("-5", "many", ""):
        assert asked(server, "POST", "/predict?name=a", None, **{"Content-Length": length})[0] == 411
    assert asked(server, "POST", "/predict?name=a", iter([b"1"]), **{"Transfer-Encoding": "chunked"})[0] == 411
    assert asked(server, "POST", "/about", b"x")[0] == 404
    assert asked(server, "PUT", "/predict", b"x")[0] == 501
