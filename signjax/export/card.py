"""`README.md` of an exported model: a model card, in the format that the Hugging Face hub reads."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signjax.evaluation.baselines import NAMES
from signjax.evaluation.judgement.judge import doubts
from signjax.evaluation.metrics import wilson_interval
from signjax.export.network import TrainedModel

Row = Mapping[str, str]

_PROGRAMS = {
    "stablehlo": "`stablehlo/model.jax_export`: `jax.export.deserialize`, for CPU, CUDA and TPU, any number of clips",
    "onnx": "`model.onnx`: any ONNX runtime, any number of clips",
    "litert": "`model.tflite`: LiteRT, one clip at a time",
}


def model_card(
    name: str, model: TrainedModel, summary: Mapping[str, Any], rows: Sequence[Row], formats: Sequence[str]
) -> str:
    """The card.

    Args:
      name: the name of the model.
      model: the network.
      summary: what `summary.json` says.
      rows: those of `predictions.csv`.
      formats: the programs that are beside it.
    """
    tested = [row for row in rows if row["split"] == "test"]
    sections = [
        _front_matter(name, summary),
        f"# {name}\n\nNames the sign in a clip of one sign, from frames in the layout {_cell(model.spec.source_layout.name)}. "
        "Trained with signjax. It recognises isolated signs and does not translate sentences.",
        "## Data\n\n" + "\n".join(_data(model, summary)),
        "## Accuracy\n\n" + "\n".join(_accuracy(summary)),
        *(_by_column(tested, head, f"{head}_label", f"By class of {head}") for head in model.spec.heads),
        *(_by_column(tested, head, "signer", f"By signer, {head}") for head in model.spec.heads),
        "## Limits\n\n" + "\n".join(_limits(model, summary)),
        "## Use\n\n" + _use(name, model, summary, formats),
        "## Licence\n\nThe files are under the Apache License 2.0 unless you change this, as its owner may. What the licence of "
        "the training data says of models may differ: check it before you publish this one.",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _front_matter(name: str, summary: Mapping[str, Any]) -> str:
    """The block that the hub reads. A string in JSON is one in YAML."""
    data = summary["dataset"]["name"]
    lines = ["---", "license: apache-2.0", "library_name: signjax", "tags:"]
    lines += [f"- {tag}" for tag in ("sign-language", "sign-language-recognition", "pose", "jax")]
    lines += ["metrics:", "- accuracy", "model-index:", f"- name: {json.dumps(name)}", "  results:"]
    for head, values in summary["test"].items():
        if not values["clips"]:
            continue
        lines += [
            "  - task:",
            "      type: sign-language-recognition",
            f"      name: {json.dumps(f'Isolated sign recognition, {head}')}",
            "    dataset:",
            f"      type: {json.dumps(data)}",
            f"      name: {json.dumps(data)}",
            "      split: test",
            "    metrics:",
        ]
        for measure in ("top1", "top3", "macro_top1"):
            lines += [
                "    - type: accuracy",
                f"      name: {measure}",
                f"      value: {values[measure]:.4f}",
            ]
    if lines[-1] == "  results:":
        lines = lines[:-3]
    return "\n".join([*lines, "---"])


def _data(model: TrainedModel, summary: Mapping[str, Any]) -> Iterator[str]:
    data, split = summary["dataset"], summary["split"]
    sizes = ", ".join(f"{count} {name}" for name, count in split["sizes"].items())
    signers = f" by {data['signers']} signers" if data["signers"] else "; signers are not known"
    yield f"- {data['clips']} clips of {_cell(data['name'])}{signers}: {sizes}."
    yield f"- Split: {_cell(split['rule'])}."
    for head, classes in model.spec.heads.items():
        yield f"- Head `{_cell(head)}`: {len(classes)} classes, {_cell(data['feasibility'][head]['sentence'])}."
    layout = model.spec.source_layout
    yield f"- Input: {layout.width} channels per frame, layout {_cell(layout.name)}; at most {model.spec.frames} frames of a clip."
    if "refit" in summary["training"]:
        yield (
            "- The model learned from training and validation clips. Validation results are of a model that learned from training "
            "clips alone."
        )


def _accuracy(summary: Mapping[str, Any]) -> Iterator[str]:
    """The tables of both splits: percent, with 95 % intervals."""
    yield "In percent, with 95 % intervals.\n"
    yield (
        "| split | head | clips | top-1 | top-3 | mean over classes | network alone | "
        + " | ".join(NAMES.values())
        + " |"
    )
    yield "|---" * (7 + len(NAMES)) + "|"
    for split, baselines in (("test", summary["baselines"]), ("valid", summary["baselines_valid"])):
        for head, values in summary[split].items():
            if not values["clips"]:
                continue
            low, high = values["top1_interval"]
            alone = summary["network"][split][head]["top1"]
            others = " | ".join(_percent(baselines.get(head, {}).get(key)) for key in NAMES)
            yield (
                f"| {split} | {_cell(head)} | {values['clips']} | "
                f"{_percent(values['top1'])} ({_percent(low)} to {_percent(high)}) | "
                f"{_percent(values['top3'])} | {_percent(values['macro_top1'])} | {_percent(alone)} | {others} |"
            )


def _by_column(rows: Sequence[Row], head: str, column: str, title: str) -> str:
    """A table of top-1 accuracy by the values of a column, of the test clips with a label; empty if there is nothing to tell."""
    groups: dict[str, list[bool]] = {}
    for row in rows:
        if row[f"{head}_label"] and row[column]:
            groups.setdefault(row[column], []).append(row[f"{head}_rank"] == "1")  # not by name: a tie is wrong
    if not groups:
        return ""
    lines = [f"### {_cell(title)}", "", "Test clips.", "", "| | clips | top-1 | interval |", "|---|---|---|---|"]
    for value, right in sorted(groups.items(), key=lambda group: (sum(group[1]) / len(group[1]), group[0])):
        low, high = wilson_interval(sum(right), len(right))
        share = _percent(sum(right) / len(right))
        lines.append(f"| {_cell(value)} | {len(right)} | {share} | {_percent(low)} to {_percent(high)} |")
    return "\n".join(lines)


def _limits(model: TrainedModel, summary: Mapping[str, Any]) -> Iterator[str]:
    for warning in (*doubts(summary["verdict"]), *summary["dataset"]["warnings"]):
        yield f"- {_cell(warning)}"
    if not model.spec.no_sign:
        yield "- It has no class for clips without a sign: whatever it is given, it names one of its classes."
    yield "- It knows the signs, signers, trackers and cameras of its data; accuracy on others is not known."


def _use(name: str, model: TrainedModel, summary: Mapping[str, Any], formats: Sequence[str]) -> str:
    head = next(iter(model.spec.heads))
    text = (
        "```python\nimport signjax\n\n"
        f'model = signjax.load("{name}")  # this folder, or hf://OWNER/NAME\n'
        f'print(model.predict("CLIPS")[0]["{head}"].top(3))\n```\n\n'
        f"Or `signjax predict {name} CLIPS`. `input_spec.json` has the layout and the classes."
    )
    programs = "\n".join(f"- {_PROGRAMS[one]}" for one in formats)
    if not programs:
        return text
    alone = " They are the network alone, without the random-convolution classifier." if summary["fusion"] else ""
    return (
        f"{text}\n\nPrograms for other runtimes, with the inputs `frames`, `lengths` and `valid`; `preprocessing.json` says what "
        f"must be done to a clip before.{alone}\n\n{programs}"
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _cell(text: str) -> str:
    """Text in a table: what Markdown or HTML would read as their own is escaped."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
    return escaped.replace("*", "\\*").replace("_", "\\_").replace("`", "'")
