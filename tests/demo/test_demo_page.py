"""The page in a real browser, with a model of MediaPipe landmarks: it shows what Python says."""

import base64
import json
import re
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from browser import CHROMIUM, Browser
from conftest import silent

from signjax.data.cleaning.clean import Cleaning, cleaned_layout
from signjax.data.dataset import STATISTICS, in_memory
from signjax.data.layout import registry as layout_registry
from signjax.demo import packages
from signjax.demo.example import example_clip
from signjax.demo.landmarks import NAMES
from signjax.demo.network import why_no_network
from signjax.demo.packages import HOLISTIC, ONNXRUNTIME, File, Package, pinned
from signjax.demo.page import Page, why_no_webcam
from signjax.demo.server import PageServer
from signjax.demo.shown import Opened, open_clip, open_sent, show
from signjax.errors import InputError
from signjax.evaluation.calibration import probabilities
from signjax.export.formats.onnx import FILE as NETWORK
from signjax.model.input_spec import InputSpec
from signjax.prediction.recognizer import Recognizer
from signjax.programs import load_program
from signjax.runtime.signals import Interrupted
from signjax.settings import base
from signjax.settings.plans import take_apart

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium or Chrome in PATH")

LAYOUT = layout_registry.BUILT_IN["pose_hands"]
SIGNS = ("again", "book", "chair", "drink", "eat", "finish")
SHOWN = "document.querySelectorAll('#top tbody tr').length === 5 && document.body.dataset.clip"
# [[class, probability of the whole clip], ...] as the page shows them
TOP_FIVE = """[...document.querySelectorAll('#top tbody tr')].map(
  row => [row.querySelector('th').textContent, Number(row.querySelector('data').value)])"""


def some_frames(sign: int, take: int) -> np.ndarray:
    """float32 (T, 225): the synthetic signer, with the right hand raised by a height that depends on the sign."""
    rng = np.random.default_rng([sign, take])
    frames = example_clip(LAYOUT, {}).frames[: 30 + take].copy()
    hand = frames[:, LAYOUT.channels_of("right_hand")].reshape(-1, 21, 3)
    hand[hand.any((1, 2)), :, 1] += 0.05 * sign
    return frames + np.where(frames == 0, 0, rng.normal(0, 0.002, frames.shape)).astype(np.float32)


def as_results(frames: np.ndarray) -> list[dict]:
    """What MediaPipe Holistic would have found."""
    parts = {part.name: frames[:, channels].reshape(len(frames), -1, 3) for part, channels in LAYOUT.runs()}
    return [
        {NAMES[name]: points[frame].tolist() if points[frame].any() else None for name, points in parts.items()}
        for frame in range(len(frames))
    ]


class PlainModel(Recognizer):
    """A recogniser whose network is a random projection of a clip's mean: nothing is compiled, and all else is real."""

    fusion = None

    def __init__(self):
        config = base.get_config()
        config.data.source = "mediapipe"
        self.settings, self.folder, self.batch_size, self.say = take_apart(config), Path("plain"), 8, silent
        layout, cleaning = cleaned_layout(LAYOUT, Cleaning()), Cleaning()
        null = {name: np.full(layout.width, value, np.float32) for name, value in STATISTICS.items()}
        self.spec = InputSpec(
            "", layout, LAYOUT, {"gloss": SIGNS}, **null, bones=None, cleaning=cleaning, no_sign=False, buckets=(32,)
        )
        self.weights = np.random.default_rng(0).normal(0, 0.2, (layout.width, len(SIGNS)))

    def logits(self, clips, *, adapt=False):
        return {"gloss": np.stack([clip.frames.mean(0) @ self.weights for clip in clips]).astype(np.float32)}


@pytest.fixture(scope="module")
def model():
    return PlainModel()


def tables(shown, model):
    """Head -> (M, C) of an answer to the page."""
    found = {}
    for head, text in shown["probabilities"].items():
        found[head] = np.frombuffer(base64.b64decode(text), "<f4").reshape(-1, len(model.heads[head]))
    return found


def test_each_moment_has_the_answer_for_the_clip_so_far(model, tmp_path):
    frames = some_frames(2, 1)
    np.save(tmp_path / "clip.npy", frames)
    shown = show(open_clip(tmp_path / "clip.npy", 0, model), model, most=4)
    assert json.loads(json.dumps(shown, allow_nan=False))["frames"] == len(frames) == shown["moments"][-1]
    assert shown["figure"]["frames"] == len(frames)
    expected = [model.predict(frames[:moment])["gloss"].probabilities for moment in shown["moments"]]
    np.testing.assert_allclose(tables(shown, model)["gloss"], expected, atol=1e-4)
    (tmp_path / "clip.json").write_text(json.dumps(as_results(frames)))
    of_results = show(open_clip(tmp_path / "clip.json", 0, model), model, most=1, figure=False)
    np.testing.assert_allclose(tables(of_results, model)["gloss"], expected[-1:], atol=1e-4)
    assert of_results["figure"] is None


def test_files_of_several_clips_and_of_none(model, tmp_path):
    frames = np.concatenate([some_frames(1, 0), some_frames(2, 0)])
    np.savez(tmp_path / "two.npz", frames=frames, offsets=[0, 30, 60], clips=["one", "two"])
    with pytest.raises(InputError, match=r"^a_two\.npz: .* trained on source mediapipe, which reads .npy"):
        open_sent((tmp_path / "two.npz").read_bytes(), "../a/two.npz".replace("/two", " two"), 0, model)
    np.save(tmp_path / "one.npy", some_frames(1, 0))
    opened = open_sent((tmp_path / "one.npy").read_bytes(), "../../one.npy", 0, model)
    assert isinstance(opened, Opened) and opened.clip.name.endswith("one") and len(opened.names) == 1
    with pytest.raises(InputError, match="there is no clip number 1"):
        open_clip(tmp_path / "one.npy", 1, model)
    for body, name, message in (
        (b"{", "a.json", r"^a\.json: the file is not JSON"),
        (b"[]", "a.json", r"^a\.json: expected a JSON list"),
        (b"", "...", "^clip: there are no clips"),
        (b"not an array", "a.npy", r"^a: "),
    ):
        with pytest.raises(InputError, match=message):
            open_sent(body, name, 0, model)
    short = json.dumps(as_results(some_frames(1, 0)[:2])).encode()
    with pytest.raises(InputError, match=r"2 frames"):
        show(open_sent(short, "short.json", 0, model), model)


def test_a_model_of_another_layout_has_no_webcam(model):
    assert why_no_webcam(model) == ""

    class Other:
        layout = layout_registry.smplx()

    assert "layout smplx, not MediaPipe's landmarks" in why_no_webcam(Other())


def test_the_command_says_where_the_page_is_until_it_is_stopped(model, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("signjax.api.load", lambda _folder, say: model)
    opened, said = [], []
    monkeypatch.setattr("webbrowser.open", opened.append)

    def stopped(_server):
        raise Interrupted(signal.SIGINT)

    monkeypatch.setattr(PageServer, "serve_forever", stopped)
    load_program("demo")(["plain", "--port=0", "--offline"], said.append)
    webcam, network, where, end = said
    assert webcam == (
        "webcam: none, because --offline was given, and @mediapipe/holistic has not been fetched yet; signjax demo --fetch does "
        "that once"
    )
    assert network == "network: runs in Python, because plain has no model.onnx, which signjax export makes"
    assert re.match(r"demo: http://127\.0\.0\.1:\d+/ shows plain; nothing leaves this machine", where)
    assert opened == [where.split()[1]] and end == "demo: stopped"


def test_the_command_says_what_it_needs(tmp_path, monkeypatch):
    demo, fetched = load_program("demo"), []
    with pytest.raises(InputError, match="name the run folder or the exported model"):
        demo([], silent)
    with pytest.raises(InputError, match=r"--clip: .*none does not exist"):
        demo(["plain", f"--clip={tmp_path / 'none'}"], silent)
    monkeypatch.setattr("signjax.programs.demo.fetch", lambda package, _say: fetched.append(package.name))
    demo(["--fetch"], silent)
    assert fetched == [HOLISTIC, ONNXRUNTIME]


# Instead of MediaPipe: finds recorded landmarks in whatever picture it gets.
RECORDED = """
window.POSE_CONNECTIONS = window.HAND_CONNECTIONS = window.FACEMESH_CONTOURS = [[0, 1]];
window.Holistic = class {
  constructor(given) { this.folder = given.locateFile(""); this.frame = 0; }
  setOptions(options) { window.options = options; }
  onResults(found) { this.found = found; }
  async initialize() {}
  async close() {}
  async send({image}) {
    const picture = document.createElement("canvas");
    [picture.width, picture.height] = [image.videoWidth, image.videoHeight];
    this.found({image: picture, ...FRAMES[this.frame++ % FRAMES.length]});
  }
};
"""


@pytest.fixture
def holistic(tmp_path, monkeypatch):
    """The package that the page loads for the webcam."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    package = Package(HOLISTIC, "1", "", 0, "", {"package/holistic.js": File(0, "")})
    package.folder.mkdir(parents=True)
    frames = json.dumps(
        [
            {
                name: points and [dict(zip("xyz", point, strict=True)) for point in points]
                for name, points in one.items()
            }
            for one in as_results(some_frames(3, 0))
        ]
    )
    package.path_of("package/holistic.js").write_text(f"const FRAMES = {frames};{RECORDED}")
    assert packages.cache_folder() in package.folder.parents
    return package


@needs_browser
def test_the_page_shows_what_python_says(model, holistic, tmp_path):
    frames = some_frames(4, 1)
    recorded = tmp_path / "recorded.json"
    recorded.write_text(json.dumps(as_results(frames)))
    example = model.predict(example_clip(model.layout, model.heads))
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with (
        PageServer(Page(model, None, [holistic], "", "there is no network"), 0) as server,
        Browser(tmp_path / "profile", *fake) as browser,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.open(f"{server.url}?still")
        assert browser.wait(SHOWN) == "synthetic example"
        check(browser, example)
        assert "Nothing leaves this machine" in browser.run("document.body.innerText")
        assert browser.run("document.querySelectorAll('#strip polyline').length") == 5
        assert "frames. " in browser.run("document.getElementById('strip').getAttribute('aria-label')")

        browser.choose_file("#file", recorded)
        assert browser.wait("document.body.dataset.clip === 'recorded.json'")
        check(browser, model.predict(frames))
        browser.run("document.getElementById('frame').value = 20")
        browser.run("document.getElementById('frame').dispatchEvent(new Event('input'))")
        assert browser.run("document.getElementById('at').textContent") == f"20 of {len(frames)}"
        browser.run("document.activeElement.blur()")
        browser.send("Input.dispatchKeyEvent", type="keyDown", key="ArrowLeft")
        assert browser.run("document.getElementById('at').textContent") == f"19 of {len(frames)}"

        browser.run("document.getElementById('webcam').click()")
        browser.wait("!document.getElementById('camera').hidden")
        browser.run("document.getElementById('record').click()")
        browser.wait("Number(/(\\d+) recorded/.exec(document.getElementById('rate').textContent)?.[1]) >= 12")
        browser.wait("document.querySelectorAll('#top tbody tr').length === 5")  # the live answer
        browser.run("document.getElementById('record').click()")
        browser.wait("document.body.dataset.clip === 'webcam.json' && !document.getElementById('keep').hidden")
        kept = browser.download("document.getElementById('save').click()", tmp_path / "downloads", "landmarks.json")
        check(browser, model.predict(open_clip(kept, 0, model).clip))
        assert browser.run("window.options.refineFaceLandmarks") is False

        outside = "fetch('http://127.0.0.2:9/').then(() => 'sent', error => error.message)"
        assert browser.run(outside) == "Failed to fetch"  # the rules of the page
        server.shutdown()


class OtherClassifier:
    """Says of each clip what its length and its first channel make of it."""

    def log_probabilities(self, dataset, rows):
        first = np.array([dataset.features[dataset.offsets[row], 0] for row in rows])
        return {"gloss": log_softmax(np.outer(dataset.lengths[rows] / 10 + first, np.linspace(-1, 1, len(SIGNS))))}


class FusedModel(PlainModel):
    """The plain model, fused with another classifier."""

    fusion = SimpleNamespace(classifier=OtherClassifier(), weights={"gloss": (0.7, 0.5)})

    def logits(self, clips, *, adapt=False):
        dataset = in_memory(clips, self.spec.layout, self.spec.heads, self.spec.statistics)
        other = self.fusion.classifier.log_probabilities(dataset, np.arange(len(clips)))["gloss"]
        return {"gloss": (0.7 * log_softmax(super().logits(clips)["gloss"]) + 0.5 * other).astype(np.float32)}


def log_softmax(logits):
    return np.log(probabilities(logits))


def write_network(path, model):
    """The plain model as ONNX, with the inputs of `signjax export`."""
    onnx = pytest.importorskip("onnx")
    node, of = onnx.helper.make_node, onnx.TensorProto
    shapes = {
        "frames": (of.FLOAT, ["B", model.spec.frames, model.spec.layout.width]),
        "lengths": (of.INT32, ["B"]),
        "valid": (of.BOOL, ["B", model.spec.frames, len(model.spec.layout.parts)]),
    }
    constants = {"weights": model.weights.astype(np.float32), "time": np.array([1]), "last": np.array([1])}
    graph = onnx.helper.make_graph(
        [
            node("ReduceSum", ["frames", "time"], ["sum"], keepdims=0),
            node("Cast", ["lengths"], ["count"], to=of.FLOAT),
            node("Unsqueeze", ["count", "last"], ["column"]),
            node("Div", ["sum", "column"], ["mean"]),
            node("MatMul", ["mean", "weights"], ["gloss"]),
        ],
        "plain",
        [onnx.helper.make_tensor_value_info(name, *shape) for name, shape in shapes.items()],
        [onnx.helper.make_tensor_value_info("gloss", of.FLOAT, ["B", len(SIGNS)])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [onnx.helper.make_opsetid("", 18)]
    path.write_bytes(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


@needs_browser
def test_the_network_in_the_browser_says_the_same(tmp_path):
    model = FusedModel()
    runtime = pinned()[ONNXRUNTIME]
    if not runtime.is_there():
        pytest.skip(f"{ONNXRUNTIME} was not fetched; signjax demo --fetch does that")
    model.folder = tmp_path
    assert f"has no {NETWORK}" in why_no_network(model)
    write_network(tmp_path / NETWORK, model)
    assert why_no_network(model) == ""
    np.save(tmp_path / "clip.npy", some_frames(5, 2))
    page = Page(model, tmp_path / "clip.npy", [runtime], "", "")
    with (
        PageServer(page, 0) as server,
        Browser(tmp_path / "profile") as browser,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.open(f"{server.url}?still")
        browser.wait(SHOWN)
        assert browser.run("document.body.dataset.runs") == "browser"
        check(browser, model.predict(some_frames(5, 2)))
        (tmp_path / NETWORK).write_bytes(b"damaged")
        browser.open(f"{server.url}?still")
        browser.wait(SHOWN)
        assert "runs in Python, because it cannot be loaded here" in browser.run("document.body.innerText")
        check(browser, model.predict(some_frames(5, 2)))
        server.shutdown()


def check(browser, prediction):
    """Compares the top five of the page with a prediction of Python."""
    names, shares = zip(*browser.run(TOP_FIVE), strict=True)
    expected = prediction["gloss"].top(5)
    np.testing.assert_allclose(shares, [share for _, share in expected], atol=1e-4)
    assert list(names) == [name for name, _ in expected]
