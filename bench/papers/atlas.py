"""Rabeendran & Denneau 2021: the stamp network of ATLAS."""

from dataclasses import replace

from bench.papers.row import Figure, Paper, Row, Step

TRAIN = "train --role stamp --data {atlas_learn}/manifest.csv --out {out}/model"
JUDGE = Step("evaluate --checkpoint {out}/model --data {atlas_test}/manifest.csv")


def row(
    key: str, says: str, options: str, *, least: tuple[float | None, float | None] = (None, None), note: str = ""
) -> Row:
    """Return a row of eight classes: accuracy, and AUC of real against bogus."""
    figures = (
        Figure("accuracy", "evaluate/accuracy", None, least[0]),
        Figure("roc_auc (real)", "evaluate/roc_auc", None, least[1]),
        Figure("training seconds", "train/training_seconds"),
    )
    return Row(f"atlas_{key}", says, (Step(f"{TRAIN} {options}"), JUDGE), figures, note)


def faint(key: str, says: str, options: str) -> Row:
    """Return the same row on the faint sky."""
    made = row(key, says, options)
    return replace(made, steps=tuple(Step(step.words.replace("{atlas_", "{faint_")) for step in made.steps))


def seeds(number: int) -> Row:
    """Return the row of the default recipe trained with several seeds, each judged on the same stamps."""
    steps: list[Step] = []
    for seed in map(str, range(number)):
        train, judge = (words.replace("{out}/model", f"{{out}}/{seed}") for words in (TRAIN, JUDGE.words))
        steps += [Step(f"{train} --seed {seed}", f"train {seed}"), Step(judge, f"evaluate {seed}")]
    figures = (
        Figure("accuracy", "evaluate */accuracy", None, 0.93),
        Figure("roc_auc (real)", "evaluate */roc_auc"),
    )
    return Row(
        "atlas_seeds",
        f"ours, mean of {number} seeds",
        tuple(steps),
        figures,
        f"The interval is that of the mean of {number} trainings, not that by object. Seven of them ran beside other"
        " work; the three that had the machine to themselves took 2.1 to 2.4 minutes each.",
    )


PAPER = Paper(
    "Rabeendran & Denneau 2021: stamps of ATLAS",
    "A two-stage deep learning detection classifier for the ATLAS asteroid survey, section 3.2.1. For stamps it shows a"
    " confusion matrix (figure 7), but no accuracy to compare with.",
    "Difference stamps of 100 pixels, eight classes, 470 of each for training and 200 of each for testing, half of them"
    " with a neighbour. The rows with S/N 5 to 20 have only faint ones, with uniform S/N.",
    {
        "atlas_learn": "atlas --n 3760 --seed 1",
        "atlas_test": "atlas --n 1600 --seed 3",
        "faint_learn": "atlas --n 3760 --seed 1 --snr 5:20",
        "faint_test": "atlas --n 1600 --seed 3 --snr 5:20",
    },
    (
        row("default", "ours", "", least=(0.91, 0.996)),
        seeds(10),
        row("one_way", "ours without test-time augmentation", "--tta 1"),
        row("unaugmented", "ours without augmentation", "--augment none"),
        row("flips", "ours, only flips, right angles and shifts", "--augment flips"),
        row("linear", "ours, linear stretch", "--stretch linear"),
        row("zscale", "ours, zscale stretch", "--stretch zscale"),
        row("equalise", "ours, histogram-equalised stamps, as in the paper", "--stretch equalise"),
        row("lite0_frozen", "lite0, frozen ImageNet bottlenecks", "--preset head --init imagenet"),
        row("lite0_tuned", "lite0, fine-tuned from ImageNet", "--preset finetune --init imagenet"),
        faint("faint", "ours, S/N 5 to 20", ""),
        faint("faint_lite0_frozen", "lite0, frozen ImageNet bottlenecks, S/N 5 to 20", "--preset head --init imagenet"),
        row(
            "resnet18_scratch",
            "resnet18, from scratch",
            "--preset resnet18 --init scratch --minutes 3",
            note="The paper fine-tuned it from ImageNet; the weights could not be downloaded here. With them in"
            " WANDERERS_WEIGHTS, omit --init.",
        ),
    ),
)
