import numpy as np
import pytest

from signjax.data.cleaning.handedness import NOTHING_DONE, Cause, Mirroring
from signjax.data.layout import registry as layout_registry
from signjax.data.preparation.reading.journal import Batch, Contents, Fact, Journal, stored_digest
from signjax.data.splits.duplicates import SPANS

LAYOUT = layout_registry.generic(4)


@pytest.mark.parametrize(
    "mirroring", [NOTHING_DONE, Mirroring(Cause.TABLE, "the left hand leads"), Mirroring(Cause.NO_SIDES, "x")]
)
def test_what_was_written_is_taken_up_as_it_was(tmp_path, mirroring):
    frames, valid, outline = np.ones((3, 4), np.float32), np.ones((3, 1), bool), np.ones((1, SPANS, 4), np.float32)
    stored = stored_digest(frames, valid, outline)
    facts = [Fact("a", frames=3, stored=stored, mirroring=mirroring), Fact("b", reason="empty", detail="no frame")]
    with Journal(tmp_path, Contents("files", LAYOUT, LAYOUT, ["a", "b"])) as journal:
        journal.add(Batch(facts, frames, valid, outline))
    with Journal(tmp_path, Contents("files", LAYOUT, LAYOUT, ["a", "b"])) as journal:
        assert journal.facts == facts
        assert journal.facts[0].mirroring.done == mirroring.done
    with Journal(tmp_path, Contents("other files", LAYOUT, LAYOUT, ["a", "b"])) as journal:
        assert journal.facts == []
