import matplotlib.image
import numpy as np
import pytest

from signjax.report import plots


def records(heads: int) -> list[dict]:
    """Three epochs of a run with so many heads; head k has top-1 k / 100 + epoch / 10."""
    names = [f"a_head_with_a_long_name_{k}" for k in range(heads)]
    return [
        {
            "epoch": epoch,
            "train": {"loss": 1.0, "learning_rate": 1e-3} | {f"top1/{name}": 0.1 for name in names},
            "valid": {
                name: {"loss": 1.0, **{f"top{k}": index / 100 + epoch / 10 for k in (1, 3, 5)}}
                for index, name in enumerate(names)
            },
        }
        for epoch in (1, 2, 3)
    ]


@pytest.mark.parametrize("heads", [1, 3, 20])
def test_curves_can_be_read_with_any_number_of_heads(tmp_path, heads):
    """A legend that leaves no room for the curve is a warning of matplotlib's, and warnings are errors."""
    files = plots.plot_curves(records(heads), 2, tmp_path)
    assert [file.name for file in files] == ["loss.png", "accuracy.png", "topk.png", "learning_rate.png"]
    assert all(file.is_file() for file in files)


def test_many_heads_are_drawn_as_their_mean():
    (line,) = plots._head_lines(records(5), "top1", "validation").items()
    assert line[0] == "validation, mean of 5 heads"
    np.testing.assert_allclose(line[1], [0.12, 0.22, 0.32])
    assert len(plots._head_lines(records(3), "top1", "validation")) == 3
    assert list(plots._head_lines(records(1), "top1", "validation")) == ["validation"]


def test_the_figure_of_heads_grows_with_their_number(tmp_path):
    heights = []
    for count in (4, 20):
        test = {f"head{k}": {"top1": 0.5, "top1_interval": (0.4, 0.6)} for k in range(count)}
        base = {head: {"majority": 0.3, "nearest_neighbour": 0.4} for head in test}
        plots.plot_heads(test, base, tmp_path / "heads.png")
        heights.append(matplotlib.image.imread(tmp_path / "heads.png").shape[0])
    assert heights[1] > 1.5 * heights[0]
