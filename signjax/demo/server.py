"""The server of the page: on this machine only, for this page only.

It listens on 127.0.0.1, and refuses what another web page in the same browser might send it: a request whose `Host` is another name
for this address (DNS rebinding), or whose `Origin` is another page. Only addresses that it knows are answered, so no path leads to
other files.
"""

import json
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from signjax.demo.page import Page
from signjax.errors import InputError

ADDRESS = "127.0.0.1"
MOST_BYTES = 64 * 2**20  # of a file that is sent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
}
# The browser itself keeps the page from sending anything elsewhere. MediaPipe and onnxruntime are WebAssembly.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer(ThreadingHTTPServer):
    """Serves a page until it is shut down."""

    daemon_threads = True

    def __init__(self, page: Page, port: int):
        """Opens the port; 0 takes a free one.

        Raises:
          InputError: the port is in use, or may not be used.
        """
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            raise InputError(
                f"port {port} of this machine cannot be used ({getattr(error, 'strerror', error)}); choose another one with "
                "--port, or --port=0 for a free one"
            ) from error
        self.page = page

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says what is wrong, unless it is that a tab was closed before its answer came."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{ADDRESS}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "signjax", ""
    timeout = 60  # seconds without a byte
    server: PageServer

    def do_GET(self) -> None:
        """The page, its packages, and what it is about."""
        if not self._is_own():
            return
        page, address = self.server.page, urlsplit(self.path)
        if address.path in page.files:
            self._send(page.files[address.path], "/index.html" if address.path == "/" else address.path)
        elif address.path in page.large:
            caching = "max-age=31536000, immutable" if address.path.startswith("/packages/") else "no-store"
            self._send(page.large[address.path].read_bytes(), address.path, caching)
        elif address.path == "/about":
            self._send_json(page.about())
        elif address.path == "/begin":
            self._answer(lambda: page.begin(self._number(), self._asks()))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {address.path}")

    def do_POST(self) -> None:
        """Asks the model about a file."""
        if not self._is_own():
            return
        length = self.headers.get("Content-Length", "")
        if urlsplit(self.path).path != "/predict":
            self._refuse(HTTPStatus.NOT_FOUND, "only /predict takes a file")
        elif not (length.isascii() and length.isdigit()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "a file is sent with its Content-Length")
        elif int(length) > MOST_BYTES:
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the file has {int(length) / 2**20:.0f} MiB, more than the {MOST_BYTES // 2**20} MiB that the page takes; "
                "signjax predict has no such limit",
            )
        else:
            body = self.rfile.read(int(length))
            name, live = self._query("name"), self._query("live") == "1"
            self._answer(lambda: self.server.page.predict(body, name, self._number(), live, self._asks()))

    def _is_own(self) -> bool:
        """Whether the request comes from the page, or from a program of the user; all others are refused."""
        port = self.server.server_port
        hosts = [f"{name}:{port}" for name in (ADDRESS, "localhost")]
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if host in hosts and origin in (None, *(f"http://{one}" for one in hosts)):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, f"this server answers {self.server.url} only")
        return False

    def _query(self, name: str) -> str:
        return parse_qs(urlsplit(self.path).query).get(name, [""])[0]

    def _asks(self) -> bool:
        """Whether the model is to be asked here: the browser asks for the inputs of the network if it runs that itself."""
        return self._query("inputs") != "1"

    def _number(self) -> int:
        number = self._query("number")
        return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0

    def _answer(self, question: Any) -> None:
        try:
            answer = question()
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        else:
            self._send_json(answer)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.close_connection = True  # a body that was not read is not the next request
        self._send_json({"error": reason}, status)

    def _send_json(self, content: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(content, allow_nan=False).encode(), ".json", status=status)

    def _send(self, body: bytes, name: str, caching: str = "no-store", status: HTTPStatus = HTTPStatus.OK) -> None:
        suffix = name[name.rindex(".") :]
        self.send_response(status)
        self.send_header(
            "Content-Type", "application/json" if suffix == ".json" else _TYPES.get(suffix, "application/octet-stream")
        )
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", caching)
        for header, value in _HEADERS.items():
            self.send_header(header, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing: the terminal is for the user."""
