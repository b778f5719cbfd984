"""What dropout, augmentation and the options of the network do to a training step."""

import jax
import numpy as np
import pytest
from test_step import LIVELY, one_step


@pytest.fixture(scope="module")
def plain(dataset):
    """A step without dropout and augmentation."""
    return one_step(dataset)


@pytest.fixture(scope="module")
def dropping(dataset):
    """A step with dropout."""
    return one_step(dataset, dropout=0.4)


def test_dropout_and_augmentation_are_at_work(dataset, plain, dropping):
    steps = plain, dropping, one_step(dataset, augmentation=LIVELY)
    assert len({float(metrics["loss"]) for metrics, _ in steps}) == 3


def test_recomputing_changes_nothing_but_memory(dataset, dropping):
    recomputed = one_step(dataset, dropout=0.4, remat=True)
    for name, value in dropping[0].items():
        # Adam makes steps of full size of gradients that are nothing but rounding: all of the difference lies in the stem, whose
        # batch norm takes away whatever is the same in all frames.
        rtol = 1e-3 if name == "update_norm" else 1e-4
        np.testing.assert_allclose(recomputed[0][name], value, rtol=rtol, err_msg=name)


def test_bfloat16_stays_close_and_keeps_float32_weights(dataset, plain):
    full, half = plain, one_step(dataset, precision="bfloat16")
    assert half[0]["loss"] == pytest.approx(float(full[0]["loss"]), rel=0.02)
    assert half[0]["loss"] != full[0]["loss"]
    kinds = {leaf.dtype for leaf in jax.tree.leaves((half[1].params, half[1].batch_stats, half[1].average))}
    assert kinds == {np.dtype(np.float32)}
