"""The motion of the synthetic signers follows the string: the meaning of a symbol can be measured on the stick figure."""

from itertools import product

import numpy as np
import pytest

from signjax.data.geometry.arms import hand_rotation, reach
from signjax.data.geometry.kinematics import positions
from signjax.data.hamnosys import attributes, parse
from signjax.data.layout import registry as layout_registry
from signjax.data.synthetic.hamnosys_motion import hand_motion, sign_plan
from signjax.data.synthetic.hamnosys_plan import plan
from signjax.data.synthetic.signing import Signer, make_signer
from signjax.data.synthetic.signing_space import direction, hand_axes, place
from tests.hamnosys_strings import string

LAYOUT = layout_registry.smplx()
RIGHT_ARM, LEFT_ARM, RIGHT_WRIST = {16, 18, 20}, {15, 17, 19}, {20}
# Without habits: a plan is signed as it stands.
STILL = Signer("still", False, 1.0, 1.0, 1.0, np.zeros((21, 3)), np.zeros(3), np.zeros((15, 3)), 0.0, np.zeros(10))
BASE = "finger2 extfingeru palml chest moved"


def frames_of(names: str, noise: float = 0.0) -> np.ndarray:
    """(T, 169): a clip whose timing depends only on the number of steps, without noise by default."""
    clip = sign_plan(plan(parse(string(names))), STILL, np.random.default_rng(0), noise)["smplx"]
    frames = np.concatenate([clip[:, :159], clip[:, 169:179]], 1)
    frames[:, :3] = 0.0  # the root turned to the camera is not of interest here
    return frames


def points(frames: np.ndarray) -> dict[str, np.ndarray]:
    return positions(frames.astype(np.float64), LAYOUT)


def middle(frames: np.ndarray) -> int:
    return len(frames) // 2


def changed(first: str, second: str) -> tuple[set[int], set[str]]:
    """The body joints and the parts that differ between two signs in the same timing."""
    a, b = frames_of(first), frames_of(second)
    differ = np.abs(a - b).max(0) > 1e-5
    joints = {int(i) // 3 for i in np.flatnonzero(differ[LAYOUT.channels_of("body")])}
    parts = {part.name for part in LAYOUT.parts if differ[LAYOUT.channels_of(part.name)].any()} - {"body"}
    return joints, parts


@pytest.mark.parametrize(
    ("other", "joints", "parts"),
    [
        ("fist extfingeru palml chest moved", set(), {"right_hand"}),
        ("finger2 thumboutmod extfingeru palml chest moved", set(), {"right_hand"}),
        ("finger2 fingerhookmod extfingeru palml chest moved", set(), {"right_hand"}),
        ("finger2 extfingero palml chest moved", RIGHT_WRIST, set()),
        ("finger2 extfingeru palmd chest moved", RIGHT_WRIST, set()),
        ("finger2 extfingeru palml forehead moved", RIGHT_ARM, set()),
        ("finger2 extfingeru palml chest lrat moved", RIGHT_ARM, set()),
        ("finger2 extfingeru palml chest mover", RIGHT_ARM, set()),
        ("finger2 extfingeru palml chest moved smallmod", RIGHT_ARM, set()),
        ("finger2 extfingeru palml chest moved arcr", RIGHT_ARM, set()),
        ("finger2 extfingeru palml chest touch moved", RIGHT_ARM, set()),
        ("symmlr finger2 extfingeru palml chest moved", LEFT_ARM, {"left_hand"}),
    ],
)
def test_one_symbol_changes_the_joints_it_speaks_of_and_no_others(other, joints, parts):
    assert changed(BASE, other) == (joints, parts)


@pytest.mark.parametrize("palm", ["u", "ur", "r", "dr", "d", "dl", "l", "ul"])
@pytest.mark.parametrize("fingers", ["u", "d", "l", "r", "o", "i", "ul", "or", "uo", "di"])
def test_fingers_and_palm_face_where_the_string_says(fingers, palm):
    frames = frames_of(f"flathand extfinger{fingers} palm{palm} chest nomotion")
    figure = points(frames)
    t = middle(frames)
    wrist, hand = figure["body"][t, 20], figure["right_hand"][t]
    tree = parse(string(f"flathand extfinger{fingers} palm{palm} nomotion"))
    found = attributes(tree)
    axes = hand_axes(found["finger_direction"], found["palm"])
    pointing = (hand[3] - wrist) / np.linalg.norm(hand[3] - wrist)
    assert pointing @ axes[0] > 0.99
    # The palm of a right hand: across from the little finger's knuckle to the index's, then along the fingers.
    normal = np.cross(hand[0] - hand[6], hand[3] - wrist)
    assert normal @ axes[1] / np.linalg.norm(normal) > 0.97


def test_a_palm_symbol_of_fingers_that_point_out_is_its_own_direction():
    for palm in ("up", "left", "down-right"):
        np.testing.assert_allclose(hand_axes("out", palm)[1], direction(palm), atol=1e-12)
    np.testing.assert_allclose(hand_axes("up", "up")[1], direction("in"), atol=1e-12)
    np.testing.assert_allclose(hand_axes("up", "left")[1], direction("left"), atol=1e-12)


@pytest.mark.parametrize("name", ["forehead", "chin", "chest", "stomach", "shoulders", "neck"])
def test_the_wrist_is_at_the_place(name):
    frames = frames_of(f"fist extfingeru palml {name} nomotion")
    np.testing.assert_allclose(points(frames)["body"][middle(frames), 20], place(name), atol=0.01)


@pytest.mark.parametrize("letters", ["u", "d", "l", "r", "o", "ur", "dl", "do"])
def test_the_wrist_moves_where_the_string_says_and_farther_when_it_is_large(letters):
    phase = np.linspace(0, 1, 40)
    travelled = []
    for size in (" smallmod", "", " largemod"):
        drawn = plan(parse(string(f"fist extfingeru palml chest move{letters}{size}")))
        way = hand_motion(drawn.right, phase, drawn.times, drawn.back, 1.0)[0]
        step = way[-1] - way[0]
        travelled.append(np.linalg.norm(step))
        words = attributes(parse(string(f"fist extfingeru palml move{letters}")))["direction"]
        assert step @ direction(words) / travelled[-1] > 0.999
    assert travelled[0] < travelled[1] < travelled[2]


def test_a_circle_ends_where_it_began_and_stays_in_its_plane():
    drawn = plan(parse(string("fist extfingeru palml chest circleo")))
    way = hand_motion(drawn.right, np.linspace(0, 1, 41), 1, False, 1.0)[0]
    np.testing.assert_allclose(way[0], way[-1], atol=1e-9)
    np.testing.assert_allclose((way - way[0]) @ direction("out"), 0, atol=1e-9)
    assert np.linalg.norm(way - way.mean(0), axis=1).std() < 0.02


def test_repetition_goes_the_way_more_than_once():
    def visits(names: str) -> int:
        drawn = plan(parse(string(names)))
        height = hand_motion(drawn.right, np.linspace(0, 1, 200), drawn.times, drawn.back, 1.0)[0][:, 1]
        low = height < (height.min() + height.max()) / 2
        return int((np.diff(low.astype(int)) == 1).sum())

    assert visits(BASE) == 1
    assert visits(BASE + " repeatfromstart") == 2
    assert visits(BASE + " repeatfromstartseveral") == 3
    assert visits(BASE + " repeatreverse") == 1


def test_a_mirrored_sign_is_its_own_mirror_image_and_a_parallel_one_moves_both_hands_one_way():
    figure = points(frames_of("symmlr flathand extfingerul palmd chest mover"))
    np.testing.assert_allclose(figure["left_hand"], figure["right_hand"] * [-1, 1, 1], atol=1e-4)
    frames = frames_of("symmpar flathand extfingerul palmd chest mover")
    figure = points(frames)
    start, end = len(frames) // 4, 3 * len(frames) // 4
    steps = [figure["body"][end, wrist] - figure["body"][start, wrist] for wrist in (19, 20)]
    np.testing.assert_allclose(steps[0], steps[1], atol=0.02)
    assert steps[0][0] < -0.02


def test_what_is_written_for_the_other_hand_is_done_by_it_alone():
    two = "parbegin fist extfingeru palml plus {} extfingero palmd parend parbegin moveu plus {} parend"
    assert changed(two.format("fist", "nomotion"), two.format("flathand", "nomotion")) == (set(), {"left_hand"})
    assert changed(two.format("fist", "nomotion"), two.format("fist", "moved")) == (LEFT_ARM, set())


def test_a_change_ends_in_the_other_handshape_and_direction():
    frames = frames_of("fist extfingeru palml chest parbegin nomotion replace flathand extfingero palmd parend")
    end = points(frames)
    flat = frames_of("flathand extfingero palmd chest nomotion")
    t = int(np.flatnonzero(np.abs(frames[:, LAYOUT.channels_of("right_hand")]).max(1) < 0.2)[0])
    hand = end["right_hand"][t, 3] - end["body"][t, 20]
    assert hand @ direction("out") / np.linalg.norm(hand) > 0.9
    np.testing.assert_allclose(
        frames[t, LAYOUT.channels_of("right_hand")],
        flat[middle(flat), LAYOUT.channels_of("right_hand")],
        atol=0.25,
    )


def test_the_nearest_neighbour_recovers_every_attribute_from_motion_without_noise():
    choices = (
        ("fist", "flathand", "finger23spread"), ("extfingeru", "extfingerl", "extfingero"), ("palml", "palmd"),
        ("forehead", "chest", "stomach"), ("moved", "mover", "circleo", "fingerplay"), ("", "repeatfromstart"),
    )  # fmt: skip
    names = [" ".join(filter(None, combination)) for combination in product(*choices)]

    def vector(clip: np.ndarray) -> np.ndarray:
        return clip[np.linspace(0, len(clip) - 1, 32).round().astype(int)].reshape(-1)

    known, asked = (np.stack([vector(frames_of(name, noise)) for name in names]) for noise in (0.0, 1.0))
    distance = (asked**2).sum(1)[:, None] - 2 * asked @ known.T + (known**2).sum(1)
    truth = [attributes(parse(string(name))) for name in names]
    for attribute in ("handshape", "finger_direction", "palm", "location", "movement", "repetition"):
        right = [truth[i][attribute] == truth[j][attribute] for i, j in enumerate(distance.argmin(1))]
        assert np.mean(right) > 0.95, attribute


def test_a_sign_with_more_to_do_takes_longer():
    lengths = [len(frames_of(f"{BASE} {more}")) for more in ("", "repeatfromstart", "repeatfromstartseveral")]
    assert lengths[0] < lengths[1] < lengths[2]


def test_signers_differ_and_a_left_handed_one_signs_the_mirror_image():
    drawn = plan(parse(string(BASE)))
    clips = [sign_plan(drawn, make_signer(i, 0), np.random.default_rng(0))["smplx"] for i in range(4)]
    wrist = [np.abs(np.diff(clip[:, 3 : 3 + 63].reshape(-1, 21, 3)[:, [15, 16]], axis=0)).sum((0, 2)) for clip in clips]
    assert all(right > left for left, right in wrist[:3])
    left, right = wrist[3]
    assert left > right
    assert len({len(clip) for clip in clips}) > 1


def test_the_arm_reaches_every_place_it_can_and_points_at_those_it_cannot():
    rng = np.random.default_rng(0)
    places = np.array([-0.17, 0.43, -0.02]) + rng.uniform(-0.25, 0.25, (50, 3))
    turn = np.tile(hand_rotation(hand_axes("up", "left")), (50, 1, 1))
    frames = np.zeros((50, LAYOUT.width))
    body = frames[:, LAYOUT.channels_of("body")].reshape(50, 21, 3)
    body[:, [16, 18, 20]] = reach(places, turn)
    frames[:, LAYOUT.channels_of("body")] = body.reshape(50, 63)
    np.testing.assert_allclose(positions(frames, LAYOUT)["body"][:, 20], places, atol=0.012)
