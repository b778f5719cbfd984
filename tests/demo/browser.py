"""A headless Chromium, driven through its DevTools protocol over a plain socket."""

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_SECONDS = 120  # a busy machine is slow; nothing waits longer than it must


class Browser:
    """One page of a browser with its own profile; used as a context manager."""

    def __init__(self, profile: Path, *flags: str):
        assert CHROMIUM is not None
        self._profile = profile
        self._flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", *flags]
        self._sent, self._waiting = 0, b""

    def __enter__(self) -> "Browser":
        self._process = subprocess.Popen(
            [CHROMIUM, *self._flags, f"--user-data-dir={self._profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            port, path = self._address()
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)
            self._shake_hands(port, path)
            target = next(one for one in self.send("Target.getTargets")["targetInfos"] if one["type"] == "page")
            attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            self._session = attached["sessionId"]
            self.send("Runtime.enable")
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _address(self) -> tuple[int, str]:
        """Where the browser listens: it writes that into its profile."""
        file = self._profile / "DevToolsActivePort"
        for _ in range(10 * _SECONDS):
            if file.is_file() and len(lines := file.read_text().split()) == 2:
                return int(lines[0]), lines[1]
            if self._process.poll() is not None:
                raise RuntimeError(f"{CHROMIUM} ended with status {self._process.returncode}")
            time.sleep(0.1)
        raise TimeoutError(f"{CHROMIUM} did not start")

    def _shake_hands(self, port: int, path: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._waiting:
            self._waiting += self._socket.recv(4096)
        self._waiting = self._waiting.partition(b"\r\n\r\n")[2]

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Calls a method of the protocol and returns its result."""
        self._sent += 1
        call: dict[str, Any] = {"id": self._sent, "method": method, "params": params}
        if hasattr(self, "_session"):
            call["sessionId"] = self._session
        data = json.dumps(call).encode()
        size = bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
        if len(data) >= 1 << 16:
            size = bytes([0x80 | 127]) + len(data).to_bytes(8, "big")
        self._socket.sendall(bytes([0x81]) + size + bytes(4) + data)  # text, masked by four zeros
        while True:
            answer = json.loads(self._message())
            if answer.get("id") == self._sent:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _message(self) -> bytes:
        found = b""
        while True:
            first, size = self._bytes(2)
            size = int.from_bytes(self._bytes({126: 2, 127: 8}[size])) if size in (126, 127) else size
            found += self._bytes(size)
            if first & 0x80:
                return found

    def _bytes(self, count: int) -> bytes:
        while len(self._waiting) < count:
            piece = self._socket.recv(1 << 16)
            if not piece:
                raise ConnectionError("the browser ended")
            self._waiting += piece
        found, self._waiting = self._waiting[:count], self._waiting[count:]
        return found

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, or of the promise that it returns."""
        done = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"])
        return done["result"].get("value")

    def open(self, url: str) -> None:
        """Goes to an address."""
        self.send("Page.navigate", url=url)

    def wait(self, condition: str) -> Any:
        """The value of an expression, once it is true."""
        for _ in range(10 * _SECONDS):
            if value := self.run(condition):
                return value
            time.sleep(0.1)
        raise TimeoutError(f"{condition} did not come true; the page shows {self.run('document.body.innerText')}")

    def choose_file(self, selector: str, path: Path) -> None:
        """Puts a file into a file field."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def download(self, script: str, folder: Path, name: str) -> Path:
        """The file of that name that a script lets the browser download into an empty folder."""
        folder.mkdir()
        self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.run(script)
        for _ in range(10 * _SECONDS):
            if (folder / name).is_file():
                return folder / name
            time.sleep(0.1)
        raise TimeoutError(f"{name} was not downloaded; the folder has {os.listdir(folder)}")

    def picture(self, path: Path) -> None:
        """Saves a screenshot."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))
