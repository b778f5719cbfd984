import dataclasses
import html
import json
import re
from collections import Counter

import numpy as np
from conftest import make_recipe, silent
from nasty import CLASSES, HEADS

from signjax.data.preparation.prepare import prepare
from signjax.data.visible import visible
from signjax.report import data_card
from signjax.report.data_card import (
    choose_samples,
    class_table,
    histogram,
    is_card_of,
    labels_of,
    leading_hands,
    missing_table,
    signer_table,
    unseen_parts,
    write_data_card,
)


def page(dataset, tmp_path) -> str:
    path = tmp_path / "data_card.html"
    write_data_card(dataset, "synthetic:corpus", path)
    return html.unescape(path.read_text(encoding="utf-8"))


def test_the_page_says_what_the_dataset_holds(dataset, tmp_path):
    text = page(dataset, tmp_path)
    for expected in ("synthetic:corpus", "signer04", *dataset.heads["gloss"], "No clip was left out", "left hand"):
        assert expected in text
    assert re.search(r"clips<b>40</b>", text)
    assert "http" not in text  # nothing is fetched from anywhere
    clips = json.loads(re.search(r"const clips = (\[.*\]);", text).group(1))
    assert len(clips) == text.count("<canvas") == 8
    assert {"frames", "radius", "data"} == clips[0].keys()


def test_clips_of_generic_channels_are_curves(tmp_path):
    path = tmp_path / "clips.npz"
    rng = np.random.default_rng(0)
    np.savez(path, frames=rng.normal(size=(12, 9, 20)), labels=np.arange(12) % 3)
    prepared = prepare(make_recipe(source="arrays", path=str(path), split="stratified"), tmp_path / "data", silent)
    text = page(prepared, tmp_path)
    assert "<canvas" not in text
    assert text.count("<polyline") == 8 * 12
    assert "Every clip has 9 frames" in text


def test_names_from_the_data_cannot_break_the_page(dataset, tmp_path):
    evil = "</script><script>alert(1)</script>"
    clips = [{**clip, "clip": evil, "gloss": evil, "signer": evil} for clip in dataset.clips]
    heads = {evil: tuple(f"{evil}{code}" for code in range(4))}
    path = tmp_path / "card.html"
    info = dataset.info | {"warnings": [evil]}
    write_data_card(dataclasses.replace(dataset, clips=clips, heads=heads, info=info), evil, path)
    written = path.read_text(encoding="utf-8")
    assert evil not in written
    assert all(name in html.unescape(written) for name in heads[evil])


def test_every_class_can_be_read_and_a_head_may_be_called_like_a_column(dataset, tmp_path):
    labels = np.arange(len(dataset), dtype=np.int32)[:, None] % len(CLASSES)
    for head in HEADS:
        named = dataclasses.replace(dataset, heads={head: CLASSES}, labels=labels)
        assert len(signer_table(named)) == 5 and len(class_table(named, head)) == len(CLASSES)
        assert labels_of(named, 3) == {head: CLASSES[3]}
    named = dataclasses.replace(dataset, heads=dict.fromkeys(HEADS, CLASSES), labels=np.repeat(labels, len(HEADS), 1))
    text = page(named, tmp_path)
    assert all(visible(name) in text for name in CLASSES + HEADS)
    assert "\x00" not in text and "\x1b" not in text


def test_a_card_says_of_which_data_it_is(dataset, tmp_path):
    card = tmp_path / "data_card.html"
    assert not is_card_of(card, dataset.digest)
    write_data_card(dataset, "synthetic:corpus", card)
    assert is_card_of(card, dataset.digest)
    assert not is_card_of(card, "0" * 64)
    assert not is_card_of(card, dataset.digest[:-1])
    card.write_text("<html>a page of somebody else</html>")
    assert not is_card_of(card, dataset.digest)
    assert not is_card_of(tmp_path, dataset.digest)


def test_what_preparation_warns_of_stands_at_the_top(dataset, tmp_path):
    assert "Found while" not in page(dataclasses.replace(dataset, info=dataset.info | {"warnings": []}), tmp_path)
    warned = dataclasses.replace(dataset, info=dataset.info | {"warnings": ["3 clips have the frames of others"]})
    text = page(warned, tmp_path)
    assert "<li>3 clips have the frames of others.</li>" in text
    assert text.index("<h1>") < text.index("Found while preparing the data") < text.index('class="tiles"')


def test_samples_are_of_different_classes_and_show_a_mirrored_clip(dataset):
    chosen = choose_samples(dataset, 4)
    assert len(set(dataset.labels[chosen, 0])) == 4
    other = next(index for index in range(len(dataset)) if index not in chosen)
    clips = [{**clip, "mirrored": "table: x" if i == other else ""} for i, clip in enumerate(dataset.clips)]
    assert other in choose_samples(dataclasses.replace(dataset, clips=clips), 4)
    assert len(set(choose_samples(dataset, 30))) == len(choose_samples(dataset, 30))


def test_the_caption_names_what_was_not_seen_of_what_is_drawn():
    valid = np.ones((4, 3), bool)
    valid[:1, 1:] = False
    assert unseen_parts(valid, ("pose", "left_hand", "left_hand_shape"), {"pose", "left_hand"}) == [("left hand", 0.25)]


def test_copies_and_what_was_done_are_told(tmp_path):
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(12, 9, 20)).cumsum(1)
    frames[5] = frames[2]
    names = [f"take{number}" for number in range(12)]
    path = tmp_path / "clips.npz"
    np.savez(path, frames=frames, labels=np.arange(12) % 3, clips=names)
    text = page(
        prepare(make_recipe(source="arrays", path=str(path), split="stratified"), tmp_path / "data", silent), tmp_path
    )
    assert "Pairs of copies: 1 exact and 0 near" in text
    assert "<td>take2<td>take5<td>exact" in text
    assert "Mirrored, so that the right hand leads: none" in text
    assert "can be learned" in text


def test_leading_hands_of_left_and_right_handed_signers(dataset):
    """Signer 3 of 5 is left-handed."""
    found = leading_hands(dataset, 1000)
    assert sum(found.values()) == len(dataset)
    assert found["right"] > found["left"] > 0
    assert sum(leading_hands(dataset, 7).values()) == 7


def test_hands_that_seem_swapped_are_flagged(dataset, tmp_path, monkeypatch):
    assert "may be swapped" not in page(dataset, tmp_path)
    monkeypatch.setattr(data_card, "leading_hands", lambda _: Counter(left=149, right=19, neither=32))
    text = page(dataset, tmp_path)
    assert "Left and right hands may be swapped." in text and "the left hand in 149" in text


def test_tables_count_every_clip(dataset):
    classes = class_table(dataset, "gloss")
    assert sum(sum(counts.values()) for _, counts in classes) == len(dataset)
    assert sum(counts["test"] for _, counts in classes) == len(dataset.indices("test"))
    signers = signer_table(dataset)
    assert [row["clips"] for row in signers] == [8] * 5
    assert all(row["classes"] == 4 for row in signers)


def test_missing_parts_are_counted_clip_by_clip_whatever_is_read_at_once(dataset, monkeypatch):
    whole = missing_table(dataset)
    monkeypatch.setattr(data_card, "_ROWS_AT_ONCE", 100)
    assert missing_table(dataset) == whole
    for number, row in enumerate(whole):
        seen = [dataset.validity(clip)[:, number] for clip in range(len(dataset))]
        assert row["never"] == sum(not clip.any() for clip in seen)
        assert row["partly"] == sum(clip.any() and not clip.all() for clip in seen)
        np.testing.assert_allclose(row["share"], 1 - np.concatenate(seen).mean())


def test_a_histogram_counts_all_and_one_giant_does_not_squeeze_the_rest():
    lengths = np.array([*range(20, 120)] * 5 + [4494])
    bins = histogram(lengths)
    assert sum(count for *_, count in bins) == len(lengths)
    assert len(bins) <= 40
    assert bins[0][0] == 20 and bins[-1][1] == 4494
    assert bins[0][1] < 30
    assert histogram(np.array([7, 7])) == [(7, 7, 2)]
