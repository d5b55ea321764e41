"""Pretraining a backbone on simulated slices: ``course pretrain``.

The simulator knows everything about a slice that it draws, so the labels cost nothing: the kind
of tumour, the plane, and where the lesion is. Each epoch learns from patients that did not exist
in the epoch before. What comes out are weights for :mod:`course_utils.models.weights`.
"""

import dataclasses
import json
import sys
import time
from pathlib import Path

import pandas as pd

from course_utils import models, settings, simulator
from course_utils.core import files, results
from course_utils.core.backend import configured, keras
from course_utils.core.errors import CourseError, look_up
from course_utils.models import eight_bit
from course_utils.pretraining import shards
from course_utils.simulator import scanners

# Raise when the same settings no longer give the same weights.
VERSION = 2
# Shards that an epoch learns from: one new one, and the latest before it.
WINDOW = 4
HELD_OUT = 1_000_000


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a backbone is pretrained.

    The learning rate given is its highest, after the first epoch; a cosine takes it to zero. The
    layer ``middle`` of the network has to find the lesion, too. ``patients`` are new in each epoch,
    with twenty slices each.
    """

    backbone: str
    epochs: int
    learning_rate: float
    middle: str
    batch_size: int = 64
    patients: int = shards.PATIENTS
    seed: int = settings.SEED


PLANS = {
    plan.backbone: plan
    for plan in (
        Plan("mobilenetv2", 26, 2e-3, "block_12_add"),
        Plan("resnet50", 6, 1e-3, "conv4_block6_out", batch_size=32),
    )
}


def planned(backbone: str, epochs: int | None = None, seed: int | None = None) -> Plan:
    """Look up how a backbone is pretrained, with another number of epochs or seed where given.

    A :class:`CourseError` says where there is no such backbone, or a number is out of range.
    """
    plan = look_up(PLANS, backbone, "backbone")
    epochs, seed = plan.epochs if epochs is None else epochs, plan.seed if seed is None else seed
    if epochs < 1 or seed < 0:
        raise CourseError(
            f"A pretraining cannot have {epochs} epochs and seed {seed}: use at least 1 and 0."
        )
    return dataclasses.replace(plan, epochs=epochs, seed=seed)


def pretrain(plan: Plan, mixed: bool = False) -> Path:
    """Pretrain a backbone, or go on from the last finished epoch, and return its weights' file.

    ``results/pretrain-<backbone>.json`` in the data folder says how they were made, and how good
    they are on simulated patients held out. ``mixed`` computes in bfloat16: twice as fast for
    ResNet50 where the processor knows it. A :class:`CourseError` says where a
    checkpoint is damaged or has other settings.
    """
    choices = {"version": VERSION, **dataclasses.asdict(plan), "mixed": mixed}
    folder = settings.data_dir() / "pretraining" / plan.backbone
    policy = "mixed_bfloat16" if mixed else "float32"
    with files.lock(folder), configured(dtype_policy=policy):
        model, rows = _resumed(folder, choices) or (_started(plan), [])
        held_out = shards.draw(HELD_OUT, plan.seed, plan.patients)
        _learn(model, rows, plan, held_out, folder, choices)
        return _finish(model, rows, plan, held_out, choices)


def network(plan: Plan) -> keras.Model:
    """Build a backbone with the heads that pretraining needs.

    From float32 slices (batch, 96, 96, 1) in [0, 1] it makes a dictionary: ``kind``, (batch, 4),
    and ``plane``, (batch, 3), in probabilities; ``middle`` and ``last``, (batch, n, n), the share
    of lesion in each cell of a grid.
    """
    inputs = keras.Input((shards.SIZE, shards.SIZE, 1), name="slice")
    backbone = models.build_backbone(plan.backbone, inputs)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # At Keras's momentum of 0.99 and more the averages lag behind for whole epochs.
            layer.momentum = 0.97
    pooled = keras.layers.GlobalAveragePooling2D(name="pooled")(backbone.output)
    outputs = {
        "kind": _probabilities("kind", len(simulator.LABELS), pooled),
        "plane": _probabilities("plane", len(scanners.PLANES), pooled),
        "middle": _cells("middle", backbone.get_layer(plan.middle).output),
        "last": _cells("last", backbone.output),
    }
    return keras.Model(inputs, outputs, name=plan.backbone)


def _probabilities(name: str, classes: int, features) -> keras.layers.Layer:
    # Half precision is too coarse for a softmax.
    return keras.layers.Dense(classes, "softmax", dtype="float32", name=name)(features)


def _cells(name: str, maps) -> keras.layers.Layer:
    x = keras.layers.Conv2D(
        1,
        1,
        activation="sigmoid",
        # Most cells hold no lesion: begin by saying so.
        bias_initializer=keras.initializers.Constant(-3),
        dtype="float32",
        name=f"{name}_map",
    )(maps)
    return keras.layers.Reshape(x.shape[1:3], name=name)(x)


def _started(plan: Plan) -> keras.Model:
    keras.utils.set_random_seed(plan.seed)
    model = network(plan)
    steps = -(-WINDOW * plan.patients * 2 * shards.SLICES // plan.batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps * (plan.epochs - 1)), warmup_target=plan.learning_rate, warmup_steps=steps
    )
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=0.02, clipnorm=1.0),
        loss={
            "kind": "sparse_categorical_crossentropy",
            "plane": "sparse_categorical_crossentropy",
            "middle": "binary_crossentropy",
            "last": "binary_crossentropy",
        },
        # Cells with a lesion are rare: where it is has to weigh more than its share.
        loss_weights={"kind": 1.0, "plane": 0.3, "middle": 4.0, "last": 2.0},
        metrics={"kind": "accuracy", "plane": "accuracy"},
    )
    return model


def _learn(model, rows, plan, held_out, folder, choices) -> None:
    """Train the epochs that are left; after each one the state is safe on the disk."""
    window: list[shards.Shard] = []
    while len(rows) < plan.epochs:
        epoch = len(rows)
        begin = time.perf_counter()
        for number in range(epoch + len(window), epoch + WINDOW):
            window.append(shards.draw(number, plan.seed, plan.patients))
        simulated = time.perf_counter()
        print(f"epoch {epoch + 1} of {plan.epochs}", flush=True)
        logs = model.fit(
            shards.batches(shards.together(window), plan.batch_size, seed=plan.seed + epoch),
            validation_data=shards.batches(held_out, plan.batch_size),
            # A bar in a terminal, a line in a log.
            verbose=1 if sys.stdout.isatty() else 2,
            shuffle=False,
        ).history
        row = {name: values[0] for name, values in logs.items()}
        row |= {"simulating": simulated - begin, "seconds": time.perf_counter() - begin}
        rows.append({"epoch": epoch + 1, **row})
        window.pop(0)
        with files.atomic(folder) as new:
            new.mkdir(parents=True)
            model.save(new / "model.keras")
            about = {"choices": choices, "rows": rows}
            (new / "state.json").write_text(json.dumps(about, indent=1) + "\n")


def _resumed(folder: Path, choices: dict) -> tuple[keras.Model, list[dict]] | None:
    """The state after the last finished epoch, where it belongs to the same plan."""
    if not folder.exists():
        return None
    with files.reading(f"The checkpoint in {folder}", "delete this folder to begin anew"):
        state = json.loads((folder / "state.json").read_text())
        made_with, rows = state["choices"], state["rows"]
        model = keras.models.load_model(folder / "model.keras")
    if made_with != choices:
        raise CourseError(
            f"The checkpoint in {folder} was made with other settings: move this folder away to "
            "begin anew, or ask for the same settings to go on."
        )
    print(f"Going on after epoch {len(rows)}.")
    return model, rows


def _measured(model: keras.Model, held_out: shards.Shard, plan: Plan) -> dict[str, float]:
    """Losses and accuracies on the patients held out."""
    return model.evaluate(shards.batches(held_out, plan.batch_size), verbose=0, return_dict=True)


def _finish(model, rows, plan, held_out, choices) -> Path:
    """Save the backbone's weights in 8 bits, and write down what was measured."""
    whole = _measured(model, held_out, plan)
    path = settings.data_dir() / "weights" / f"{plan.backbone}.npz"
    backbone = models.submodel(model, stop="pooled")
    eight_bit.save(backbone, path, plan.backbone)
    eight_bit.restore(backbone, path, plan.backbone)
    results.save(
        f"pretrain-{plan.backbone}",
        {
            "before_compacting": whole,
            "after_compacting": _measured(model, held_out, plan),
            "megabytes": path.stat().st_size / 1e6,
            "seconds": sum(row["seconds"] for row in rows),
            "patients": (plan.epochs + WINDOW - 1) * plan.patients,
            "curve": pd.DataFrame(rows).round(4).to_dict("records"),
        },
        command=f"course pretrain {plan.backbone}" + (" --mixed" if choices["mixed"] else ""),
        **choices,
    )
    return path
