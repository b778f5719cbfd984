"""The folder of an exported model, and what reads it."""

import re
import shutil
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
from conftest import silent
from huggingface_hub import ModelCard
from untrained_run import make_run

import signjax
from signjax.errors import InputError
from signjax.export import folder as export_folder
from signjax.export import formats, verify
from signjax.export.folder import export_model
from signjax.export.samples import sample_clips
from signjax.model.input_spec import read_input_spec
from signjax.settings import run_config
from signjax.transfer.warm_start import read_learned

# All that can be made here: litert-converter cannot be installed beside everything else that the tests need.
FORMATS = [name for name in formats.FORMATS if not formats.missing(name)]
FILES = [formats.load_format(name).FILE for name in FORMATS]


@pytest.fixture(scope="module")
def run_folder(dataset, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "run"
    make_run(folder, dataset)
    return folder


@pytest.fixture(scope="module")
def exported(run_folder) -> tuple[Path, list[str]]:
    """The run, exported in all formats, and what was said."""
    target, said = run_folder.parent / "model", []
    jaxtyping.config.update("jaxtyping_disable", True)  # annotations know no symbols for numbers
    try:
        export_model(run_folder, target, FORMATS, said.append)
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    return target, said


def test_the_exported_model_answers_as_the_run_does_after_the_run_is_gone(run_folder, exported, corpus, tmp_path):
    clips = signjax.read(corpus)
    copy = tmp_path / "run"
    shutil.copytree(run_folder, copy)
    wanted = signjax.load(copy).predict(clips)
    shutil.rmtree(copy)
    found = signjax.load(exported[0]).predict(clips)
    for one, other in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(one["gloss"].logits, other["gloss"].logits)
        assert one["gloss"].classes == other["gloss"].classes


def test_it_has_all_that_a_model_needs_and_nothing_of_its_clips(exported, dataset):
    target = exported[0]
    files = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    kept = ["config.json", "input_spec.json", "model.safetensors", "random_convolution.npz", "summary.json"]
    assert files == sorted([*kept, *FILES, "LICENSE", "README.md", "preprocessing.json"])
    assert {"stablehlo/model.jax_export", "model.onnx"} <= set(files)
    content = b"".join(path.read_bytes() for path in target.rglob("*") if path.is_file())
    for clip in dataset.clips:
        assert clip["clip"].encode() not in content
    assert b"/somewhere" not in content and str(target.parent).encode() not in content


def test_every_program_is_compared_with_jax(exported):
    for name, line in zip(FORMATS, exported[1], strict=False):
        found = re.fullmatch(rf"{name}: .* largest difference from jax (\S+), of logits up to \S+", line)
        assert found and float(found[1]) < 1e-4


def test_a_program_that_differs_is_left_out_and_is_an_error(run_folder, tmp_path, monkeypatch):
    class Wrong:
        FILE, NEEDS = "wrong/model.bin", ()
        breaks = False

        @staticmethod
        def write(model, path):
            path.write_bytes(b"program")
            if Wrong.breaks:
                raise NotImplementedError("no such operation")

        @staticmethod
        def run(path, clips, outputs):
            return [np.full((len(clips.lengths), 4), np.nan, np.float32) for _ in outputs]

    monkeypatch.setattr(export_folder, "load_format", lambda name: Wrong)
    monkeypatch.setattr(export_folder, "check_formats", lambda names: None)
    zeros = np.zeros((len(sample_clips(read_input_spec(run_folder)).lengths), 4), np.float32)
    monkeypatch.setattr(verify, "reference", lambda model, clips: [zeros])
    with pytest.raises(InputError, match="wrong: a logit differs from jax by inf, more than 1e-04"):
        export_model(run_folder, tmp_path / "model", ["wrong"], silent)
    assert run_config.is_exported(tmp_path / "model") and not (tmp_path / "model" / "wrong").exists()
    Wrong.breaks = True
    with pytest.raises(InputError, match="wrong: its converter fails: NotImplementedError: no such operation, so"):
        export_model(run_folder, tmp_path / "model", ["wrong"], silent, replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_is_there_is_not_overwritten(run_folder, tmp_path):
    target = tmp_path / "model"
    export_model(run_folder, target, [], silent)
    with pytest.raises(InputError, match="an exported model is there already; replace it with --force"):
        export_model(run_folder, target, [], silent)
    (target / "README.md").unlink()
    export_model(run_folder, target, [], silent, replace=True)
    assert (target / "README.md").is_file()
    with pytest.raises(InputError, match="the folder of the run is there"):
        export_model(run_folder, run_folder, [], silent, replace=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(InputError, match="something else is there already"):
        export_model(run_folder, tmp_path / "other", [], silent, replace=True)


def test_only_an_evaluated_run_and_known_formats_are_exported(run_folder, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run_folder, copy)
    (copy / "summary.json").unlink()
    with pytest.raises(InputError, match=r"summary\.json not found.* signjax evaluate"):
        export_model(copy, tmp_path / "model", [], silent)
    with pytest.raises(InputError, match="'coreml' is not a format; the formats are stablehlo, onnx, litert"):
        export_model(run_folder, tmp_path / "model", ["coreml"], silent)
    with pytest.raises(InputError, match="no run to export"):
        export_model(tmp_path / "absent", tmp_path / "model", [], silent)


def test_an_exported_model_begins_another_training_and_is_not_trained_itself(run_folder, exported):
    ours, theirs = read_learned(exported[0]), read_learned(run_folder)
    assert ours.arrays.keys() == theirs.arrays.keys() and ours.spec.heads == theirs.spec.heads
    for name, array in theirs.arrays.items():
        np.testing.assert_array_equal(ours.arrays[name], array)
    for refuse in (
        lambda: run_config.check_same({}, exported[0]),
        lambda: run_config.check_trained(exported[0], "evaluate"),
    ):
        with pytest.raises(InputError, match=r"predicts only.*--config\.train\.init_from="):
            refuse()


def test_damaged_weights_and_those_of_another_model_are_refused(exported, tmp_path):
    target = tmp_path / "model"
    shutil.copytree(exported[0], target)
    content = (target / "model.safetensors").read_bytes()
    (target / "model.safetensors").write_bytes(content[:100])
    with pytest.raises(InputError, match="the weights cannot be read"):
        read_learned(target)
    (target / "model.safetensors").write_bytes(content.replace(b"params/stem/bias", b"params/stem/bxas"))
    with pytest.raises(InputError, match=r"not the weights of the model .*'params/stem/bias', 'params/stem/bxas'"):
        signjax.load(target)


def test_the_card_says_what_the_model_is_worth(exported):
    card = (exported[0] / "README.md").read_text(encoding="utf-8")
    matter = ModelCard(card).data  # as the hub reads it
    assert (matter.license, matter.library_name, matter.model_name) == ("apache-2.0", "signjax", "model")
    assert [(one.metric_name, one.metric_value) for one in matter.eval_results] == [
        ("top1", 0.5),
        ("top3", 1.0),
        ("macro_top1", 0.5),
    ]
    assert "| test | gloss | 8 | 50.0 (40.0 to 60.0) | 100.0 | 50.0 | 50.0 | 75.0 | 50.0 | 25.0 |" in card
    for heading in ("## Data", "### By class of gloss", "### By signer, gloss", "## Limits", "## Use", "## Licence"):
        assert f"\n{heading}\n" in card
    assert (
        "- 3 clips are not scored\n- Too few test clips to tell: 8 clips\n" in card and "above validation" not in card
    )
    assert "`model.onnx`" in card
