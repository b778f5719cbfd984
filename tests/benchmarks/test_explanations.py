import numpy as np

from benchmarks.explanations import cut


def test_a_clip_is_cut_into_pieces_of_what_was_seen():
    valid = np.ones((10, 3), bool)
    valid[:5, 1], valid[:, 2] = False, False
    apart, together = cut(valid, 2, apart=True), cut(valid, 2, apart=False)
    assert (apart[~valid] == -1).all() and (together[~valid] == -1).all()
    assert apart[:5, 0].tolist() == [0] * 5  # then both parts in the second half
    assert {tuple(row) for row in apart[5:].tolist()} == {(1, 2, -1)}
    assert {tuple(row) for row in together[5:].tolist()} == {(1, 1, -1)}
    assert cut(np.ones((3, 1), bool), 8, apart=True).tolist() == [[0], [1], [2]]
