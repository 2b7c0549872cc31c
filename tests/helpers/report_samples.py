"""Evaluations to draw: numbers that are made up, in the shape of the real ones."""

import copy

import numpy as np

from radarseq.report.capture_views import capture_view
from radarseq.report.figures.pictures import Pictures

NASTY = "<script>alert(1)</script>"
# What an engineer may well call a class, and what breaks XML, formulas or attributes.
ODD_NAMES = [
    NASTY,
    "a\"b'&c",
    "$\\alpha_{$",
    "\x00\ud800",
    ' id="x" url(#y)',
    "\\g<9>",
    "目标",
    "-->",
]
NAMES = ["sphere", "plate", "cylinder", "cone"]


def snr_bins(key):
    return [
        {"low_db": low, "high_db": low + 5, "examples": 700 + low, key: values}
        for low, values in ((0, {"model": 0.7, "copy": 0.25}), (5, {"model": 0.8, "copy": None}))
    ]


FULL = {
    "kind": "radarseq evaluation",
    "model": {
        "name": "wavenet",
        "task": "both",
        "parameters": 27000,
        "receptive_field": 32,
        "features": ["iq", "phase_step"],
        "seed": 0,
        "run": "runs/w",
        "sample_axis": "slow_time",
        "sample_interval_s": 0.002,
        "versions": {"radarseq": "0.1.0"},
        "limits": ["Not for deciding alone."],
    },
    "data": {
        "path": "data/space",
        "digest": "abc",
        "split": "test",
        "examples": 3024,
        "class_names": NAMES,
        "warnings": ["Doppler aliases."],
    },
    "classification": {
        "model": {
            "accuracy": 0.9,
            "accuracy_low": 0.89,
            "accuracy_high": 0.91,
            "log_loss": 0.3,
            "calibration_error": 0.02,
        },
        "baselines": {"gradient boosting": {"accuracy": 0.85, "log_loss": None}},
        "confusion": (np.eye(4, dtype=int) * 700 + 19).tolist(),
        "by_snr": snr_bins("accuracy"),
        "reliability": [
            {"confidence": 0.55, "accuracy": 0.5, "examples": 100},
            {"confidence": 0.9, "accuracy": None, "examples": 0},
        ],
        "verdict": "wavenet beats gradient boosting by 5.0 points.",
    },
    "echo": {
        "model": {"error_db": -12.0},
        "baselines": {"copy": {"error_db": -6.5}},
        "by_snr": snr_bins("error_db"),
        "verdict": "wavenet is 5.5 dB nearer to the echo than the copy.",
    },
    "captures": [
        {
            "capture": "cone_1512",
            "windows": 10,
            "skipped": 0,
            "label": "cone",
            "decision": "cone",
            "probability": 0.98,
            "window_accuracy": 0.9,
        },
        {"capture": "unknown_1", "windows": 3, "skipped": None, "label": None}
        | {"decision": "plate", "probability": None, "window_accuracy": None},
    ],
    "failures": [{"capture": "x.npy", "reason": "of float16", "hint": "save complex64"}],
    "capture_summary": {
        "captures": 2,
        "labelled": 1,
        "confusion": [[0, 0, 0, 0, 0]] * 3 + [[0, 0, 0, 1, 0]],
        "reliability": [{"confidence": 0.98, "accuracy": 1.0, "examples": 1}],
    },
    "unknown": {
        "score": "energy",
        "threshold": 1.5,
        "scores": [
            {"score": "energy", "auroc": 0.941, "found": 0.7, "false_reject": 0.052},
            {"score": "max_probability", "auroc": None, "found": None, "false_reject": 0.05},
        ],
        "histogram": {"edges": [-2, 0, 2, 4], "known": [6, 3, 1], "evaluated": [5, 5, 0]}
        | {"held_out": [0, 1, 9]},
    },
    "stress": {
        "baseline": "gradient boosting",
        "conditions": [
            {"effect": effect, "text": text, "model": 0.8, "baseline": 0.7, "rejected": None}
            | {"model_low": 0.75, "model_high": 0.84}
            for effect, text in (("none", "no damage"), ("occlusion", "occlusion 20 %"))
        ],
    },
    "quality": {"windows": 15, "evaluated": 13, "skipped": {"all zero": 2}, "captures": 1},
    "provenance": {"model": {"weights_sha256": "f00d"}, "settings": {"false_reject": 0.05}},
}
FULL["classification"]["curves"] = [
    {"class": name, "auroc": 0.9, "average_precision": 0.8}
    | {"roc": [[0, 0], [0.1, 0.8], [1, 1]], "pr": [[0, 1], [0.8, 0.9], [1, 0.25]]}
    for name in NAMES
]
EPOCHS = [
    {"epoch": "1", "loss": "1.3", "validation_loss": "1.2", "validation_accuracy": "0.4"},
    {"epoch": "2", "loss": "0.9", "validation_loss": "", "validation_accuracy": ""},
]


def make_view(windows=10, steps=32, seed=0):
    """Return the view of a capture of noise, with a track of the four classes."""
    random = np.random.default_rng(seed)
    samples = random.normal(size=(windows, steps, 2)).view(np.complex128)[..., 0]
    view = capture_view(samples)
    return view.with_track(random.dirichlet(np.ones(4), size=len(view.rows)))


VIEWS = [make_view(), None]


def many_captures(count):
    """Return metrics with so many captures, of which every third is wrong, and their views."""
    metrics = copy.deepcopy(FULL)
    metrics["captures"] = [
        {
            "capture": f"a_folder/of_recordings/{NAMES[i % 4]}_{i:04d}.sigmf-data",
            "windows": 40 + i % 7,
            "label": NAMES[i % 4],
            "decision": "unknown" if i % 10 == 9 else NAMES[(i + (i % 3 == 2)) % 4],
            "probability": (i * 37 % 1000) / 1000,
            "window_accuracy": 0.5,
            "nearest": NAMES[i % 4],
            "unknown_windows": i % 5,
            "unknown_score": i / 7 - 40,
            "skipped": i % 2,
            "skipped_reasons": "all zero 1" if i % 2 else "",
        }
        for i in range(count)
    ]
    return metrics, [make_view(40 + i % 7, seed=i) for i in range(count)]


def make_pictures(count=2, steps=32, **changes):
    random = np.random.default_rng(0)
    samples = random.normal(size=(4, count, steps, 2)).view(np.complex128)[..., 0]
    samples[1, 0, 3], samples[3, 0, 4] = 0, np.nan
    fields = dict(zip(("tx", "rx", "target", "predicted"), samples, strict=True))
    fields |= {"label": ["cone"] * count, "decision": ["plate"] * count, "snr_db": [4.2] * count}
    return Pictures(**fields | changes)


def renamed():
    """Return the full metrics with hostile text in every name and sentence."""
    metrics = copy.deepcopy(FULL)
    metrics["model"] |= {"name": NASTY, "features": [NASTY], "limits": [NASTY], "run": NASTY}
    metrics["model"] |= {"intended_use": [NASTY]}
    metrics["data"] |= {"path": NASTY, "class_names": [NASTY] * 4, "warnings": [NASTY]}
    for part, key in (("classification", "accuracy"), ("echo", "error_db")):
        metrics[part]["verdict"] = NASTY
        metrics[part]["baselines"] = {NASTY: {key: 0.5}}
        metrics[part]["by_snr"][0][key][NASTY] = 0.4
    for curve in metrics["classification"]["curves"]:
        curve["class"] = NASTY
    metrics["unknown"]["scores"][0]["score"] = metrics["unknown"]["score"] = NASTY
    metrics["stress"]["baseline"] = metrics["stress"]["conditions"][0]["text"] = NASTY
    metrics["quality"]["skipped"] = {NASTY: 2}
    metrics["provenance"]["settings"] = {NASTY: NASTY}
    texts = ("capture", "label", "decision", "reason", "hint", "skipped_reasons")
    for row in (*metrics["captures"], *metrics["failures"]):
        row |= dict.fromkeys(texts, NASTY) | {"skipped": 1}
    return metrics
