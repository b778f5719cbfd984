"""The command line as users see it: each test starts `launch.py` in its own process."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import FAST_TO_COMPILE

from benchmarks import kill_training
from benchmarks.kill_training import ROOT
from configs import base
from signjax.data import locks
from signjax.settings.schema import SETTINGS

TINY = (*kill_training.TINY, "--config.train.epochs=4")


def command(workdir: Path | None, *flags: str) -> list[str]:
    folder = () if workdir is None else (f"--workdir={workdir}",)
    return [sys.executable, str(ROOT / "launch.py"), "--config=configs/base.py", *folder, *flags]


def environment(devices: int | None = 2) -> dict[str, str]:
    """For a program with this number of CPU devices; with None it has one for each core, as users have."""
    chosen = f" --xla_force_host_platform_device_count={devices}" if devices else ""
    return {**os.environ, "XLA_FLAGS": FAST_TO_COMPILE + chosen}


def ended(words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A program after its end, whatever its status."""
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300)


def launch(
    workdir: Path | None, *flags: str, status: int = 0, devices: int | None = 2
) -> subprocess.CompletedProcess[str]:
    done = ended(command(workdir, *flags), environment(devices))
    assert done.returncode == status, done.stdout + done.stderr
    return done


def records(workdir: Path) -> list[dict]:
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        del line["clips_per_second"]
    return lines


def test_a_run_leaves_every_file_of_the_run_folder(finished):
    workdir, said = finished
    names = {
        "config.json",
        "input_spec.json",
        "metrics.jsonl",
        "predictions.csv",
        "summary.json",
        "report.html",
        "data_card.html",
        "checkpoints",
        "tensorboard",
    }
    assert names <= {path.name for path in workdir.iterdir()}
    plots = {path.name for path in (workdir / "plots").iterdir()}
    assert {"loss.png", "accuracy.png", "topk.png", "learning_rate.png", "confusion_gloss.png"} <= plots
    assert list((workdir / "tensorboard").iterdir())
    assert "test gloss: top-1" in said and re.search(r"device: \d+ x CPU", said) and "Traceback" not in said


def test_the_summary_says_what_the_design_promises(finished):
    workdir, _ = finished
    summary = json.loads((workdir / "summary.json").read_text())
    assert summary["dataset"]["clips"] == 40 and summary["dataset"]["classes"] == {"gloss": 4, "hands": 2}
    assert summary["split"]["groups_shared"] == 0 and sum(summary["split"]["sizes"].values()) == 40
    first, refit = summary["training"], summary["training"]["refit"]
    assert first["epochs"] == 4 and first["stopped_by"] == refit["stopped_by"] == "epochs"
    # As many steps with more clips are fewer epochs; the last one is made whole.
    assert refit["epochs"] < 4 and 0 <= refit["steps"] - first["steps"] < refit["steps"] / refit["epochs"]
    assert json.loads((workdir / "run.json").read_text())["model"] == "refit/checkpoints"
    for split in ("valid", "test"):
        for head in ("gloss", "hands"):
            measures = summary[split][head]
            assert {"clips", "top1", "top3", "top5", "macro_top1", "loss", "top1_interval"} <= measures.keys()
    assert summary["baselines"]["gloss"].keys() == {"majority", "nearest_neighbour", "random_convolution"}
    assert {"versions", "devices", "git_commit", "seed"} <= summary["environment"].keys()
    assert summary["model"]["parameters"] > 0


def test_predictions_agree_with_the_summary(finished):
    workdir, _ = finished
    summary = json.loads((workdir / "summary.json").read_text())
    with (workdir / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    for split in ("valid", "test"):
        ranks = np.array([int(row["gloss_rank"]) for row in rows if row["split"] == split])
        assert len(ranks) == summary[split]["gloss"]["clips"] == summary["split"]["sizes"][split]
        assert summary[split]["gloss"]["top1"] == pytest.approx((ranks == 1).mean())
        assert summary[split]["gloss"]["top3"] == pytest.approx((ranks <= 3).mean())


def test_another_configuration_does_not_continue_a_run(finished):
    workdir, _ = finished
    said = launch(workdir, *TINY, "--config.train.learning_rate=0.1", status=1).stderr
    assert "train.learning_rate was 0.001 and is now 0.1" in said and "Traceback" not in said


def test_a_finished_run_can_be_given_more_epochs(finished, tmp_path):
    shutil.copytree(finished[0], tmp_path / "run")
    said = launch(tmp_path / "run", *TINY[:-1], "--config.train.epochs=5").stdout
    assert "resume: from epoch 4" in said
    assert [record["epoch"] for record in records(tmp_path / "run")] == [1, 2, 3, 4, 5]


def test_a_step_that_diverges_can_be_replayed(tmp_path):
    wild = (
        "--config.train.learning_rate=10",
        "--config.train.weight_decay=100",
    )  # weights grow a thousandfold in each step
    said = launch(tmp_path / "run", *TINY[:-1], "--config.train.epochs=30", *wild, status=1).stderr
    assert "error: training diverged: loss" in said and "use --mode=replay" in said and "Traceback" not in said
    told = json.loads((tmp_path / "run" / "diverged.json").read_text())
    replayed = launch(tmp_path / "run", "--mode=replay").stdout
    assert (
        f"to {told['step']}, of which the last diverged" in replayed
        and "gradients, those that are not finite" in replayed
    )
    found = json.loads((tmp_path / "run" / "replay.json").read_text())
    assert found["metrics"]["loss"] == told["metrics"]["loss"]
    assert {row["clip"] for row in found["clips"]} == set(told["clips"]) and found["gradients"][0]["not_finite"] > 0


def predict(workdir: Path, clips: Path) -> bytes:
    """Has a run answer for clips without their labels, and returns what it wrote."""
    launch(workdir, "--mode=predict", "--config.data.source=signavatars", f"--config.data.path={clips}")
    return (workdir / "predicted.csv").read_bytes()


@pytest.fixture(scope="module")
def predicted(finished, tmp_path_factory) -> tuple[Path, bytes]:
    """A copy of the clips of the finished run, and what the run wrote about them."""
    clips = tmp_path_factory.mktemp("predicted") / "clips"
    shutil.copytree(finished[0] / "corpus", clips)
    return clips, predict(finished[0], clips)


def test_predict_names_clips_without_labels(finished, predicted):
    with (finished[0] / "predictions.csv").open() as file:
        known = {row["clip"]: row["gloss_predicted"] for row in csv.DictReader(file) if row["split"] == "test"}
    found = {row["clip"]: row["gloss_predicted"] for row in csv.DictReader(predicted[1].decode().splitlines())}
    assert len(found) == 40 and known and known.items() <= found.items()  # validation rows are of the first training


def test_predicting_needs_the_run_folder_alone(finished, predicted, tmp_path):
    """The same numbers, bit for bit, from a copy of the run elsewhere without its data."""
    clips, expected = predicted
    moved = tmp_path / "elsewhere" / "run"
    shutil.copytree(finished[0], moved, ignore=shutil.ignore_patterns("dataset", "corpus", "predicted.csv"))
    assert not (moved / "dataset").exists() and not (moved / "predicted.csv").exists()
    assert predict(moved, clips) == expected


def test_new_clips_need_neither_a_source_nor_a_table_and_old_files_do_not_stay(finished, tmp_path):
    workdir, _ = finished
    clip = next((workdir / "corpus").rglob("*.pkl"))
    shutil.copy(clip, tmp_path / "mine.pkl")
    (workdir / "predict_quarantine.csv").write_text("old")
    flags = ("--mode=predict", f"--config.data.path={tmp_path / 'mine.pkl'}")
    said = launch(workdir, *flags, "--config.data.trim=False").stdout
    assert "source: signavatars, guessed from 1 .pkl file" in said and "predict: 1 clip" in said
    assert "config.data.trim is False" in said
    assert not (workdir / "predict_quarantine.csv").exists()
    (workdir / "predict_quarantine.csv").mkdir()
    refused = launch(workdir, *flags, status=1)
    (workdir / "predict_quarantine.csv").rmdir()
    assert "it is a folder, so no answers can be written there" in refused.stderr and "device:" not in refused.stdout


def write_npz(path: Path, labels: list[str]) -> Path:
    count = len(labels)
    frames = np.random.default_rng(0).normal(size=(count * 10, 3)).astype(np.float32)
    np.savez(path, frames=frames, offsets=np.arange(count + 1) * 10, labels=labels)
    return path


def no_such_path(folder: Path) -> list[str]:
    return ["--config.data.source=signavatars", f"--config.data.path={folder / 'absent'}"]


def empty_folder(folder: Path) -> list[str]:
    (folder / "empty").mkdir()
    return ["--config.data.source=signavatars", f"--config.data.path={folder / 'empty'}"]


def no_pickle(folder: Path) -> list[str]:
    (folder / "a.pkl").write_text("hello")
    (folder / "labels.csv").write_text("clip,gloss\na,x\n")
    return ["--config.data.source=signavatars", f"--config.data.path={folder}"]


def no_match(folder: Path) -> list[str]:
    (folder / "a.pkl").write_text("hello")
    (folder / "labels.csv").write_text("clip,gloss\nb,x\n")
    return ["--config.data.source=signavatars", f"--config.data.path={folder}"]


def lonely_class(folder: Path) -> list[str]:
    path = write_npz(folder / "a.npz", ["a", "b"] * 20 + ["lonely"])
    return ["--config.data.source=arrays", f"--config.data.path={path}"]


def misspelt(_: Path) -> list[str]:
    return ["--config.train.epoch=3"]


def wrong_type(_: Path) -> list[str]:
    return ["--config.train.epochs=many"]


def bad_value(_: Path) -> list[str]:
    return ["--config.model.heads=7"]


def several(_: Path) -> list[str]:
    return ["--config.train.buckets=1000", "--config.train.epoch=3", "--config.seed=-1", "--config.data.source=pandas"]


def section(_: Path) -> list[str]:
    return ["--config.train=3"]


def stray(_: Path) -> list[str]:
    return ["stray", "--config.train.epochs=3"]


def unknown_mode(_: Path) -> list[str]:
    return ["--mode=test"]


def unknown_flag(_: Path) -> list[str]:
    return ["--epochs=3"]


def unheard_of_flag(_: Path) -> list[str]:
    return ["--xyzzy"]


def path_without_source(folder: Path) -> list[str]:
    return [f"--config.data.path={folder / 'absent'}"]


def file_as_workdir(folder: Path) -> list[str]:
    (folder / "run").write_text("")
    return []


def no_flag_file(folder: Path) -> list[str]:
    return [f"--flagfile={folder / 'absent'}"]


def broken_config(folder: Path) -> list[str]:
    (folder / "mine.py").write_text("def get_config(:")
    return [f"--config={folder / 'mine.py'}"]


def bad_value_for_prediction(folder: Path) -> list[str]:
    return ["--mode=predict", "--config.data.source=pandas", f"--config.data.path={folder}"]


def bad_value_for_evaluation(_: Path) -> list[str]:
    return ["--mode=evaluate", "--config.train.learning_rate=nan"]


def shard_of_a_training(_: Path) -> list[str]:
    return ["--shard=1/2"]


def shard_beyond_the_last(_: Path) -> list[str]:
    return ["--mode=prepare", "--shard=3/2"]


def not_utf8(folder: Path) -> list[str]:
    name = os.fsdecode(os.fsencode(folder) + b"/clips\xff")
    return ["--config.data.source=signavatars", f"--config.data.path={name}"]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (no_such_path, "it does not exist"),
        (empty_folder, "has no .pkl files"),
        (no_pickle, "no clip can be used (1 unreadable)"),
        (no_match, "none of its 1 clips"),
        (lonely_class, "rare_classes=leave_out"),
        (misspelt, "epochs"),
        (wrong_type, "epochs"),
        (bad_value, "config.model.heads is 7"),
        (several, "error: 4 problems:\n  1. config.train.epoch does not exist"),
        (section, "config.train is a group of keys"),
        (stray, "error: stray: not a flag"),
        (unknown_mode, "it must be one of train, prepare, evaluate, predict, replay"),
        (unknown_flag, "error: --epochs is not a flag; did you mean --config.train.epochs=3?"),
        (unheard_of_flag, "error: --xyzzy is not a flag (--help"),
        (path_without_source, "config.data.source is synthetic, which generates its clips"),
        (file_as_workdir, "run is a file; name a folder"),
        (no_flag_file, "error: Unable to open flagfile"),
        (broken_config, "mine.py, line 1: the file is not valid Python"),
        (bad_value_for_prediction, "config.data.source is 'pandas'"),
        (bad_value_for_evaluation, "config.train.learning_rate is nan"),
        (shard_of_a_training, "--shard=1/2 is for --mode=prepare; the mode is train"),
        (shard_beyond_the_last, "--shard=3/2: expected I/N with I from 1 to N"),
        (not_utf8, "clips\\udcff: it does not exist"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_be_used_gives_one_message_and_no_traceback(case, expected, tmp_path):
    done = launch(tmp_path / "run", *case(tmp_path), status=1)
    assert expected in done.stderr
    if case is several:
        assert "4. config.train.buckets is 1000; it must be a whole number from 1 to 64\n" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stderr.count("error:") == 1
    assert not (tmp_path / "run" / "dataset").exists()


def test_faulty_words_are_told_with_all_other_faults_and_with_none_that_is_not_there(tmp_path):
    words = ["prepare", str(tmp_path / "absent"), "--shard=1/2", "--config.seed=x"]
    done = ended([sys.executable, "-m", "signjax", *words], environment())
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: 2 problems:\n  1. CLIPS: {tmp_path / 'absent'} does not exist")
    assert "2. config.seed is 'x'" in done.stderr


def test_a_platform_that_does_not_start_is_told_before_anything_is_prepared(tmp_path):
    hidden = {**environment(), "JAX_PLATFORMS": "cuda", "CUDA_VISIBLE_DEVICES": ""}
    done = ended(command(tmp_path / "run", *TINY), hidden)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "error: JAX_PLATFORMS is 'cuda', but " in done.stderr and "Unset it" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_list_that_is_cut_off_by_its_reader_ends_quietly():
    listing = f"{sys.executable} launch.py --config_help | head -n 1"
    done = subprocess.run(["bash", "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.startswith("--config.seed=0") and done.stderr == ""


def test_a_folder_that_was_only_prepared_takes_other_settings(tmp_path):
    run = tmp_path / "run"
    launch(run, *TINY, "--mode=prepare")
    said = launch(run, *TINY, "--config.model.units=8", "--mode=prepare").stdout
    assert "making it again" not in said and json.loads((run / "config.json").read_text())["model"]["units"] == 8
    for mode in ("evaluate", "predict"):
        done = launch(run, f"--mode={mode}", status=1)
        assert done.stdout == "" and "prepared but not trained; run it with --mode=train first" in done.stderr


def test_a_run_takes_up_what_shards_have_read(tmp_path):
    run = tmp_path / "run"
    for number in (1, 2):
        assert (
            f"shard {number} of 2 is in {run / 'dataset'}"
            in launch(run, *TINY, "--mode=prepare", f"--shard={number}/2").stdout
        )
    said = launch(run, *TINY, "--mode=prepare").stdout
    assert "shard 1 of 2: 32 of 32 clips are read" in said and "shard 2 of 2: 8 of 8 clips are read" in said
    assert "data card:" in said and not list(run.glob("dataset.shard*"))


def test_every_key_is_listed_with_its_meaning():
    listed = launch(None, "--config_help").stdout
    for key, (default, meaning) in base.KEYS.items():
        shown = "auto" if SETTINGS[key].automatic else repr(default)
        assert f"--config.{key}={shown}" in listed and meaning in listed
    assert "Must be a whole number from 1 to 64." in listed


def test_the_config_holds_exactly_the_documented_keys():
    from signjax.settings.schema import flat

    assert flat(base.get_config().to_dict()).keys() == base.KEYS.keys()


def planted_copy(folder: Path) -> list[str]:
    """Flags for clips with a given split; one training clip is a test clip, renamed, resampled and with added noise."""
    rng = np.random.default_rng(0)
    clips = [np.cumsum(rng.normal(size=(int(rng.integers(30, 60)), 6)), axis=0) for _ in range(60)]
    original = clips[50]
    position = np.linspace(0, len(original) - 1, round(0.8 * len(original)))
    clips[3] = np.stack([np.interp(position, np.arange(len(original)), column) for column in original.T], axis=1)
    clips[3] += rng.normal(0, 0.01, clips[3].shape)
    np.savez(
        folder / "a.npz",
        frames=np.concatenate(clips).astype(np.float32),
        offsets=np.cumsum([0, *map(len, clips)]),
        labels=["a", "b"] * 30,
        split=["train"] * 40 + ["test"] * 20,
        clips=[f"recording{i}" for i in range(60)],
    )
    return ["--mode=prepare", "--config.data.source=arrays", f"--config.data.path={folder / 'a.npz'}"]


def test_a_planted_copy_across_a_given_split_stops_the_run_or_is_dropped(tmp_path):
    flags = planted_copy(tmp_path)
    said = launch(tmp_path / "run", *flags, status=1).stderr
    assert "'recording3' in train and 'recording50' in test" in said and "near duplicates" in said
    assert "duplicates=drop" in said and "Traceback" not in said
    said = launch(tmp_path / "run", *flags, "--config.data.duplicates=drop").stdout
    assert "1 left out (1 duplicate)" in said and "59 clips" in said
    with (tmp_path / "run" / "dataset" / "quarantine.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["clip"], row["reason"]) == ("recording3", "duplicate") and "'recording50' in test" in row["detail"]


def test_preparing_does_not_load_jax():
    check = "import sys, signjax.pipeline; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False, timeout=300).returncode == 0


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock"
    }


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    """A copy of the finished run."""
    shutil.copytree(finished[0], tmp_path / "run")
    return tmp_path / "run"


def test_a_run_ends_with_a_self_check(finished):
    assert re.search(
        r"self-check: \d+ clips and their labels, read again from the source, equal the model's inputs", finished[1]
    )


def test_other_data_in_a_finished_run_are_refused_and_it_still_evaluates_as_before(copied):
    """The same files except that two labels are swapped. Evaluation reads the checkpoint, with the settings of the run."""
    table = copied / "corpus" / "labels.csv"
    lines = table.read_text().splitlines()
    fields = [line.split(",") for line in lines]
    first, other = 1, next(i for i in range(2, len(fields)) if fields[i][1] != fields[1][1])
    fields[first][1], fields[other][1] = fields[other][1], fields[first][1]
    launch(copied, *TINY, "--mode=prepare")  # the folder was copied: checked once
    original = table.read_text()
    table.write_text("\n".join(",".join(line) for line in fields) + "\n")
    before = {name: contents(copied / name) for name in ("dataset", "checkpoints")}
    config = (copied / "config.json").read_bytes()
    said = launch(copied, *TINY, status=1).stderr
    assert "trained on other data" in said and "Nothing was changed" in said and "Traceback" not in said
    assert {name: contents(copied / name) for name in before} == before
    assert (copied / "config.json").read_bytes() == config
    table.write_text(original)
    summary = json.loads((copied / "summary.json").read_text())
    (copied / "summary.json").unlink()
    launch(copied, "--mode=evaluate")
    assert json.loads((copied / "summary.json").read_text())["test"] == summary["test"]


def test_a_finished_run_says_so_and_writes_its_report_again_even_as_a_copy(copied):
    before = records(copied)
    (copied / "report.html").unlink()
    said = launch(copied, *TINY).stdout
    assert "training was finished already (stopped by epochs)" in said
    assert (copied / "report.html").is_file()
    assert records(copied) == before


def test_one_process_at_a_time_works_on_a_run_folder(copied):
    before = (copied / "metrics.jsonl").read_bytes()
    with locks.inner_lock(copied, lambda line: None) as lock:
        lock.require()
        said = launch(copied, *TINY, status=1).stderr
    assert f"another process is using it (process {os.getpid()} on " in said
    assert (copied / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize("damage", ["missing", "cut short"])
def test_a_run_without_its_settings_is_not_accepted(copied, damage):
    path = copied / "config.json"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100])
    said = launch(copied, *TINY, status=1).stderr
    assert "config.json" in said and "Traceback" not in said


def test_labels_of_other_clips_in_the_prepared_folder_stop_the_run(copied):
    launch(copied, *TINY, "--mode=prepare")  # of the copied files, which are newer
    labels = np.load(copied / "dataset" / "labels.npy")
    np.save(copied / "dataset" / "labels.npy", np.roll(labels, 1, axis=0))
    said = launch(copied, *TINY, status=1).stderr
    assert "labels.npy" in said and "Traceback" not in said
