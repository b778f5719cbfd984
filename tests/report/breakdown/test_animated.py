from signjax.report.breakdown import animated
from signjax.report.breakdown.animated import Animations, animate_some, pairs_of


def row(clip: str, true: str, said: str, probability: float) -> dict[str, str]:
    rank = "1" if true == said else "2"
    return {
        "clip": clip,
        "gloss_label": true,
        "gloss_predicted": said,
        "gloss_probability": f"{probability}",
        "gloss_rank": rank,
    }


def some_rows(dataset) -> list[dict[str, str]]:
    names = [dataset.clips[i]["clip"] for i in dataset.indices("test")]
    a, b, c, _ = dataset.heads["gloss"]
    return [
        row(names[0], a, b, 0.5), row(names[1], a, b, 0.9), row(names[2], c, "no such class", 0.8), row(names[3], c, c, 0.9),
        {**row(names[4], c, c, 0.25), "gloss_rank": "2"},
    ]  # fmt: skip


def test_a_mistake_stands_beside_a_training_clip_of_the_predicted_class(dataset):
    animations = Animations(dataset)
    first, second = pairs_of(animations, some_rows(dataset), "gloss", 1)
    a, b, c, _ = dataset.heads["gloss"]
    names = [dataset.clips[i]["clip"] for i in dataset.indices("test")]
    assert (first.true, first.predicted, first.probability, first.mistake.clip) == (a, b, 0.9, names[1])
    example = next(clip for clip in dataset.clips if clip["clip"] == first.example.clip)
    assert example["split"] == "train" and example["gloss"] == b
    assert (second.true, second.example) == (c, None)
    assert [first.mistake.figure, first.example.figure, second.mistake.figure] == [0, 1, 2]
    assert len(animations.figures) == 3 and not animations.left_out
    assert len(pairs_of(animations, some_rows(dataset), "gloss", 30)) == 1


def test_animations_have_bounded_room_and_no_clip_is_drawn_twice(dataset, monkeypatch):
    names = [clip["clip"] for clip in dataset.clips]
    whole = Animations(dataset)
    animate_some(whole, [names[0], names[0], names[1]])
    assert len(whole.figures) == 2 and whole.drawn(names[1]) == 1 and whole.drawn(names[2]) is None
    monkeypatch.setattr(animated, "MOST_BYTES", sum(len(one["data"]) for one in whole.figures))
    few = Animations(dataset)
    animate_some(few, names)
    assert len(few.figures) == 2 and few.left_out and few.figure(names[9]) is None
