"""The settings of what is done to the values of a training clip; `signjax.augment` does it."""

from dataclasses import dataclass

from signjax.plans.kinds import RATE, number
from signjax.plans.setting import setting

_STANDARD_DEVIATIONS = number(0, 10)  # more leaves nothing of the signal


@dataclass(frozen=True)
class Augmentation:
    """Random changes to the frames of a training clip."""

    mirror: float = setting(
        0.5,
        "Probability that a clip is mirrored left to right. Without effect where the layout has no left and right, "
        "or its coordinates are not centred. Above 0, the random-convolution classifier learns mirror images too.",
        RATE,
    )
    rotation: float = setting(
        7.0,
        "Standard deviation of the angle by which coordinates are turned in the plane of the picture and tilted to the front; "
        "hands relative to the wrist turn about it. Without effect on joint rotations, and on coordinates that are not centred.",
        number(0, 90),
        unit="degrees",
    )
    turn: float = setting(
        15.0,
        "Standard deviation of the angle by which coordinates in space are turned about the vertical; simulates cameras at another "
        "side. Without effect where augment.rotation is.",
        number(0, 90),
        unit="degrees",
    )
    scale: float = setting(
        0.1,
        "Standard deviation of the logarithm of the factor by which all coordinates of a clip are scaled; simulates other builds. "
        "Without effect where augment.rotation is.",
        number(0, 2),
    )
    stretch: float = setting(
        0.15,
        "Standard deviation of the logarithm of the factor, one for each channel of a clip, by which values are moved away from "
        "the channel's mean in the clip; simulates larger and smaller movements. Bones between points do not follow.",
        number(0, 2),
    )
    warp: float = setting(
        0.3,
        "Standard deviation of the speed within a clip: faster in one place, slower in another, while the clip stays as long as it "
        "is.",
        number(0, 2),
        unit="parts of the usual speed",
    )
    posture: float = setting(
        0.3,
        "Standard deviation of a constant offset per channel and clip; simulates other cameras and builds. Bones between points do "
        "not follow.",
        _STANDARD_DEVIATIONS,
        unit="channel standard deviations",
    )
    noise: float = setting(
        0.1,
        "Standard deviation of independent noise on every value; simulates an imprecise tracker.",
        _STANDARD_DEVIATIONS,
        unit="channel standard deviations within a clip",
    )
    part_dropout: float = setting(
        0.05,
        "Probability that a body part is hidden in a whole clip. Without effect where the layout has one part.",
        RATE,
    )
    frame_dropout: float = setting(0.1, "Probability that a frame is hidden, with all its parts.", RATE)
