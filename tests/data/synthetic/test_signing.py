import numpy as np

from signjax.data.layout import registry as layout_registry
from signjax.data.synthetic import signing


def test_signs_are_distinct_and_have_minimal_pairs():
    signs = signing.vocabulary(24)
    assert len({sign.gloss for sign in signs}) == 24
    for sign in signs:
        differences = [
            sum(getattr(sign, name) != getattr(other, name) for name in vars(sign)) for other in signs if other != sign
        ]
        assert min(differences) == 1, sign
    assert signing.vocabulary(6) == signs[:6]


def test_a_left_handed_signer_moves_the_left_hand():
    one_handed = next(sign for sign in signing.vocabulary(24) if sign.hands == "one" and sign.movement == "sideways")
    wrists = {"left": slice(60, 63), "right": slice(63, 66)}
    for index in (0, 3):
        signer = signing.make_signer(index, 0)
        smplx = signing.sign_clip(one_handed, signer, np.random.default_rng(0))["smplx"]
        travel = {side: np.ptp(smplx[:, wrist], axis=0).max() for side, wrist in wrists.items()}
        assert (travel["left"] > travel["right"]) == signer.left_handed


def test_a_lost_hand_is_marked():
    rng = np.random.default_rng(0)
    sign, signer = signing.vocabulary(1)[0], signing.make_signer(0, 0)
    left = layout_registry.smplx().channels_of("left_hand")
    clips = [signing.sign_clip(sign, signer, rng) for _ in range(20)]
    lost = [clip for clip in clips if not clip["left_valid"].all()]
    assert lost
    for clip in lost:
        assert not clip["smplx"][~clip["left_valid"], left].any()
