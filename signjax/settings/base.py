"""Every key of a config, with its default and its meaning; the base recogniser on the built-in corpus of synthetic signers.

A file like any other that `--config` can name: it is the one that is used where none is named.
Any key is overridden by its path: `--config.train.batch_size=64 --config.model.filters="(64, 128)"`.
"""

from typing import Any

from ml_collections import config_dict

# key -> (default, meaning). Nothing else defines a key, and a default is given here alone. The values that a key
# can have are in signjax/settings/rules.py.
KEYS: dict[str, tuple[Any, str]] = {
    "seed": (
        0,
        "seed of every random stream: the split, initial weights, order, dropout, augmentation, the synthetic corpus",
    ),
    "data.source": (
        "synthetic",
        "where clips come from: synthetic, synthetic_hamnosys (HamNoSys strings, made-up motion), signavatars (pickles), "
        "arrays (.npz, .npy), pose (.pose), mediapipe (class/sequence/frame.npy) or gislr (Kaggle asl-signs); see docs/data.md",
    ),
    "data.path": ("", "file or folder of the source; empty: the synthetic corpus goes into the run folder"),
    "data.labels": (
        "",
        "label table (.csv, .tsv, .json, .jsonl); empty: sources signavatars, pose and arrays of one file a clip look for one "
        "beside the clips",
    ),
    "data.layout": (
        "auto",
        "what the channels are: a layout of docs/data.md, a JSON file that describes one, or auto: the source's own",
    ),
    "data.label_mode": (
        "column",
        "what a head is: column (of the label table), gloss, or attributes (of the HamNoSys string in column `hamnosys`)",
    ),
    "data.heads": (
        "",
        "heads to learn, separated by commas; empty: gloss, or in label mode attributes all attributes that can be learned",
    ),
    "data.split": (
        "auto",
        "column, signer (held out), stratified (seen signers), folds (signers or groups dealt to data.folds parts), "
        "leave_one_out (one signer or group is tested), or auto: the first of column, signer, stratified that the data allow",
    ),
    "data.folds": (5, "split folds: number of parts"),
    "data.fold": (0, "split folds or leave_one_out: which part, signer or group (in order of names) is tested, from 0"),
    "data.held_out": ("", "split leave_one_out: name of the signer or group that is tested, instead of data.fold"),
    "data.valid_fraction": (0.15, "share of the clips that select the checkpoint, where the source gives no split"),
    "data.test_fraction": (0.15, "share of the clips that are tested once at the end, where the source gives no split"),
    "data.rare_classes": ("stop", "classes with a single clip: stop the run, or leave_out (listed in quarantine.csv)"),
    "data.duplicates": (
        "stop",
        "one recording on both sides of a given split: stop the run, or drop the copy for training (listed in quarantine.csv)",
    ),
    "data.strict": (False, "whether a single clip that cannot be used stops the run, instead of going to quarantine"),
    "data.shortest_clip": (4, "frames; shorter clips are put in quarantine"),
    "data.longest_clip": (2000, "frames; longer clips are put in quarantine"),
    "data.handedness": (
        "table",
        "clips in which the left hand leads: as_is, mirrored where the source or label table says so (table), or detect too",
    ),
    "data.trim": (True, "whether idle frames at both ends are cut off, by the motion of the hands"),
    "data.longest_gap": (5, "frames over which a part that was not seen is interpolated; longer gaps are masked"),
    "data.centre": (True, "whether coordinates are centred and scaled on the shoulders"),
    "data.hand_shapes": (True, "whether coordinates of hands come a second time, relative to the wrist"),
    "data.rotations": ("axis_angle", "how rotations are stored: axis_angle (3 numbers) or 6d (6 numbers, no jumps)"),
    "data.workers": (0, "processes that read clips; 0: one a core"),
    "data.max_frames": (64, "frames the model sees; longer clips are thinned evenly to this many"),
    "data.dataset": ("", "folder of the prepared data; empty: `dataset` in the run folder"),
    "synthetic.signs": (24, "synthetic corpus: signs in the vocabulary"),
    "synthetic.signers": (16, "synthetic corpus: signers"),
    "synthetic.takes": (3, "synthetic corpus: times that each signer signs each sign"),
    "augment.mirror": (0.5, "probability of a left/right mirror, where the layout has left and right"),
    "augment.fastest": (0.7, "least factor on the number of frames of a clip"),
    "augment.slowest": (1.4, "largest factor on the number of frames of a clip"),
    "augment.crop": (0.1, "largest share of a clip that is cut off at its ends"),
    "augment.posture": (
        0.3,
        "what is added to a channel for a whole clip, in its standard deviations: another body or camera",
    ),
    "augment.noise": (0.1, "noise, in standard deviations of each channel"),
    "augment.part_dropout": (0.05, "probability that a part of the body counts as not seen in a whole clip"),
    "augment.frame_dropout": (0.1, "probability that a frame counts as not seen"),
    "model.filters": ((96, 160), "features of each convolution stage; time is halved between stages"),
    "model.kernels": ((11, 7), "frames that the filters of each stage see; odd, one a stage"),
    "model.depth": (2, "residual blocks of each convolution stage"),
    "model.units": (96, "hidden units of each direction of the LSTM and of the GRU"),
    "model.heads": (4, "attention heads; must divide the last of model.filters"),
    "model.dropout": (0.4, "dropout before the heads; half of it inside the network"),
    "model.depthwise": (False, "convolve each feature by itself, then mix: far fewer weights, for large kernels"),
    "model.channel_attention": (False, "squeeze-and-excitation in each residual block"),
    "model.stochastic_depth": (0.0, "probability that a clip skips the last residual block; less for those before it"),
    "model.rotary": (False, "relative positions in the attention, by rotation, instead of added sines"),
    "model.recurrent_dropout": (0.0, "share of hidden units that the gates of LSTM and GRU do not see in a whole clip"),
    "model.recurrent_norm": (False, "layer norm inside LSTM and GRU; slower, as jax differentiates the scan"),
    "model.precision": (
        "float32",
        "of the products: float32 (as exact on a GPU, unless $JAX_DEFAULT_MATMUL_PRECISION asks for TF32) or bfloat16; "
        "weights, statistics, softmax, loss and carried states are always float32",
    ),
    "model.remat": (False, "compute each layer again in the backward pass instead of keeping its values: less memory"),
    "loss.cross_entropy_weight": (0.5, "factor on the cross-entropy"),
    "loss.focal_weight": (0.5, "factor on the focal loss"),
    "loss.focal_gamma": (2.0, "how strongly the focal loss discounts clips that are already right"),
    "loss.label_smoothing": (0.1, "share of the target spread over all classes, in the cross-entropy"),
    "train.epochs": (500, "epochs at most"),
    "train.patience": (20, "epochs without a better validation after which training stops"),
    "train.batch_size": (16, "clips a step, over all devices; a multiple of their number"),
    "train.accumulate": (
        1,
        "parts that a batch goes through the network in, to save memory; must divide train.batch_size; batch norm sees each part",
    ),
    "train.buckets": (4, "numbers of frames, at most, that batches are padded to; each is compiled once"),
    "train.steps_per_dispatch": (
        0,
        "steps that run on the device without the host, up to 8; 0: 1 on a CPU, 8 elsewhere",
    ),
    "train.resident_gib": (
        2.0,
        "GiB: a dataset of at most this size stays on the device, a larger one is read as needed",
    ),
    "train.learning_rate": (3e-4, "peak learning rate of AdamW"),
    "train.warmup_epochs": (3, "epochs over which the learning rate rises from 0; fewer than train.decay_epochs"),
    "train.decay_epochs": (60, "epochs until the cosine has brought the learning rate to its final value"),
    "train.final_fraction": (0.05, "final learning rate, as a fraction of the peak"),
    "train.weight_decay": (0.05, "decoupled weight decay, on kernels and matrices"),
    "train.clip_norm": (1.0, "largest global norm of a gradient"),
    "train.average_decay": (0.998, "decay of the moving average of the weights, which is what is evaluated"),
    "train.checkpoint_epochs": (5, "a checkpoint at least every so many epochs; the best epoch always has one"),
}


def get_config() -> config_dict.ConfigDict:
    """The configuration, nested by the dots in its keys."""
    config = config_dict.ConfigDict()
    for key, (default, _) in KEYS.items():
        section, _, name = key.rpartition(".")
        if section and section not in config:
            config[section] = config_dict.ConfigDict()
        (config[section] if section else config)[name] = default
    return config
