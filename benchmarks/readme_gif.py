"""Draws the GIF of the README: test clips of the built-in corpus as stick figures, and what a model says of them as they go on.

    python launch.py --config=configs/base.py --workdir=RUN
    python -m benchmarks.readme_gif RUN docs/signjax.gif

Prints what is drawn, and writes it beside the GIF if `--json=FILE` is given. Needs Pillow, which matplotlib installs.
"""

import argparse
import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from PIL import Image, ImageColor, ImageDraw, ImageFont

import signjax
from signjax.data.clip import Clip
from signjax.data.dataset import open_dataset
from signjax.prediction.recognizer import Recognizer
from signjax.report import figures

WIDTH, HEIGHT, STAGE = 640, 300, 255  # pixels; the stage is the part with the figure
SCALE = 3  # drawn larger, then reduced: smooth lines
INK, SOFT, WASH, BAR, TRACE, HEAD = "#1d2733", "#5b6877", "#f5f7fa", "#b9cdea", "#f0c2ae", "#e9edf2"
COLOURS = {"body": "#8b97a5", "left": "#d9480f", "right": "#1f5fbf"}
FEWEST_FRAMES = 6  # of a clip before the model is asked
MILLISECONDS, LAST_MILLISECONDS = 70, 1200
SHADES = 6  # of each colour, towards the background


def test_clips(run: Path, count: int) -> list[tuple[Clip, str]]:
    """Test clips, as they were written, with their signs: of different signs, signers in turn."""
    dataset = open_dataset(run / "dataset")
    recorded = {clip.name: clip for clip in signjax.read(run / "corpus")}
    test = dataset.indices("test")
    signers = sorted({dataset.clips[index]["signer"] for index in test})
    chosen: dict[str, Clip] = {}
    for number, sign in enumerate(dataset.heads["gloss"][:: len(dataset.heads["gloss"]) // count][:count]):
        who = signers[number % len(signers)]
        of_sign = [i for i in test if dataset.label(i, "gloss") == sign and dataset.clips[i]["signer"] == who]
        chosen[sign] = recorded[dataset.clips[of_sign[0]]["clip"]]
    return [(clip, sign) for sign, clip in chosen.items()]


def points_of(clip: Clip, model: Recognizer) -> tuple[np.ndarray, figures.Stick, float]:
    """Points (T, P, 2) in pixels of the stage, the lines between them, and the radius of the head; NaN is not seen."""
    stick = figures.stick_of(model.layout)
    assert stick is not None and clip.valid is not None
    drawn = figures.draw(clip.frames, clip.valid, model.layout, stick)
    numbers = np.frombuffer(base64.b64decode(str(drawn["data"])), "<i2").astype(float)
    numbers[numbers == figures.MISSING] = np.nan
    unit = STAGE / figures.FIELD
    return numbers.reshape(int(str(drawn["frames"])), -1, 2) * unit, stick, float(str(drawn["radius"])) * unit


def draw_stage(pen: ImageDraw.ImageDraw, points: np.ndarray, stick: figures.Stick, radius: float, frame: int) -> None:
    """Draws one frame, and where the wrists have been."""
    at = points * SCALE + SCALE * np.array([20, (HEIGHT - STAGE / 0.85) / 2])
    for wrist, side in zip(stick.wrists or (), ("left", "right"), strict=False):
        trace = [tuple(point) for point in at[max(0, frame - 10) : frame + 1, wrist] if np.isfinite(point).all()]
        if len(trace) > 1:
            pen.line(trace, fill=TRACE if side == "left" else BAR, width=2 * SCALE, joint="curve")
    if stick.head and np.isfinite(at[frame, -1]).all():
        (x, y), r = at[frame, -1], radius * SCALE
        pen.ellipse((x - r, y - r, x + r, y + r), fill=HEAD, outline=COLOURS["body"], width=3 * SCALE)
    for side, colour in COLOURS.items():
        for a, b, own in stick.lines:
            if own == side and np.isfinite(at[frame, [a, b]]).all():
                pen.line([tuple(at[frame, a]), tuple(at[frame, b])], fill=colour, width=3 * SCALE)


def draw_answer(pen: ImageDraw.ImageDraw, sign: str, said: Sequence[tuple[str, float]], last: bool) -> None:
    """Writes the sign that is performed, and the model's three most likely ones."""

    def write(x: float, y: float, text: str, size: int, colour: str, bold: bool = False) -> None:
        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        font = ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / name), size * SCALE)
        pen.text((x * SCALE, y * SCALE), text, fill=colour, font=font)

    left = STAGE + 40
    write(left, 28, "signed by a synthetic signer not seen in training", 12, SOFT)
    write(left, 46, sign, 12, INK, bold=True)
    write(left, 86, "the model, from the frames so far" if not last else "the model, from the whole clip", 12, SOFT)
    for row, (name, share) in enumerate(said):
        top = 112 + 48 * row
        pen.rectangle(
            tuple(SCALE * side for side in (left, top + 18, left + max(2, 240 * share), top + 30)),
            fill=COLOURS["right"] if row == 0 else BAR,
        )
        write(left, top, name, 11, INK if row == 0 else SOFT, bold=last and row == 0 and name == sign)
        write(left + max(2, 240 * share) + 6, top + 16, f"{share:.0%}", 11, INK if row == 0 else SOFT)


def palette_image() -> Image.Image:
    """An image with the palette of the GIF: the colours, and their mixtures with the background, as smooth lines need them."""
    mixed = [
        round(own + (back - own) * shade / SHADES)
        for colour in (INK, SOFT, BAR, TRACE, HEAD, *COLOURS.values())
        for shade in range(SHADES)
        for own, back in zip(ImageColor.getrgb(colour), ImageColor.getrgb(WASH), strict=True)
    ]
    image = Image.new("P", (1, 1))
    image.putpalette([*mixed, *ImageColor.getrgb(WASH)])
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a finished run on the built-in corpus")
    parser.add_argument("gif", type=Path)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--json", type=Path, help="file for what is drawn")
    arguments = parser.parse_args()
    model = signjax.load(arguments.run)
    pictures, durations, rows = [], [], []
    for clip, sign in test_clips(arguments.run, arguments.clips):
        points, stick, radius = points_of(clip, model)
        # The figure shows at most `figures.MOST_FRAMES` frames; the model gets all up to the one that is shown.
        shown = np.round(np.linspace(FEWEST_FRAMES, len(clip.frames), len(points))).astype(int)
        parts = [replace(clip, frames=clip.frames[:end], valid=clip.valid[:end]) for end in shown]  # type: ignore[index]
        answers = model.predict(parts)
        assert isinstance(answers, list)
        for frame, answer in enumerate(answers):
            picture = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), WASH)
            pen = ImageDraw.Draw(picture)
            last = frame == len(answers) - 1
            draw_stage(pen, points, stick, radius, frame)
            draw_answer(pen, sign, answer["gloss"].top(3), last)
            pictures.append(picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
            durations.append(LAST_MILLISECONDS if last else MILLISECONDS)
        rows.append({"clip": clip.name, "sign": sign, "top3": answers[-1]["gloss"].top(3)})
        print(f"{clip.name}: {sign}; {', '.join(f'{name} {share:.1%}' for name, share in answers[-1]['gloss'].top(3))}")
    palette = palette_image()
    drawn = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    drawn[0].save(arguments.gif, save_all=True, append_images=drawn[1:], duration=durations, loop=0, optimize=True)
    print(f"{arguments.gif}: {len(drawn)} pictures, {arguments.gif.stat().st_size / 2**20:.2f} MiB")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
