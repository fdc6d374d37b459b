"""The W-Net paper: asteroids in TESS cubes, by magnitude limit."""

from bench.papers.row import Figure, Paper, Row, Step

LIMITS = (21, 20, 19, 18)
ROC, PR = (0.887, 0.956, 0.987, 0.994), (0.319, 0.477, 0.620, 0.661)


def _judge(sky: str, more: str = "", report: str = "report") -> str:
    return f"evaluate --checkpoint {{out}}/model --data {{{sky}}} --report {{out}}/{report}.html{more}"


def steps(normalisation: str, minutes: int, judging: str = "", sky: str = "taught") -> tuple[Step, ...]:
    """Return the commands of a row: train on a sky for the given minutes, then evaluate."""
    return (
        Step(f"train --role cube --data {{{sky}}} --out {{out}}/model --normalisation {normalisation}"
             f" --minutes {minutes} --seed 1"),
        Step(_judge("judged", judging)),
    )  # fmt: skip


def areas(*, asked: bool, step: str = "evaluate", where: str = "") -> tuple[Figure, ...]:
    """Return ROC and PR AUC by limit, beside the paper's from all its asteroids to its brightest."""
    named = (("ROC AUC", "roc_auc", ROC), ("PR AUC", "pr_auc", PR))
    return tuple(
        Figure(f"{title}, V < {limit}{where}", f"{step}/by_limit/{name}_{limit}", paper, paper if asked else None)
        for title, name, values in named
        for limit, paper in zip(LIMITS, values, strict=True)
    )


def margins() -> tuple[Figure, ...]:
    """Return the network's gain over a threshold on the pixels, with no score ignored on either side."""
    parts = (("network", "{}_all"), ("raw pixels", "raw_{}"), ("margin", "margin_{}"))
    return tuple(
        Figure(f"{title} of all scores, V < {limit}: {part}", f"evaluate/by_limit/{name.format(area)}_{limit}")
        for title, area in (("ROC AUC", "roc_auc"), ("PR AUC", "pr_auc"))
        for limit in LIMITS
        for part, name in parts
    )


PAPER = Paper(
    title="TESS: a W-Net for cubes over time",
    source="Powell et al. 2026, Trajectory-Agnostic Asteroid Detection in TESS with Deep Learning, arXiv:2605.12391,"
    " section IX.",
    difficulty="Cubes of 64³ at 30 minutes, three movers each on average, V 14 to 21, scattered light, jitter, variable"
    " and saturated stars. S/N is that of one frame. Trained on 500, evaluated on 100 others. The paper's"
    " limits run from all of its asteroids to its brightest. Its labels are partly wrong, ours are not; both leave out"
    " scores within 0.001 of 0 and 1.",
    skies={
        "taught": "tess --n 500 --seed 1",
        "speeds": "tess --n 500 --seed 1 --movers 6 --unusual 0.4",
        "judged": "tess --n 100 --seed 2",
        "catalogued": "tess --n 200 --seed 31 --unusual 0.03",
        "three": "tess --n 3 --seed 3 --movers 8",
    },
    rows=(
        Row(
            "tess-wnet-asinh",
            "W-Net with a fixed asinh",
            (
                *steps("asinh", 19, " --tta 8", "speeds"),
                Step(_judge("catalogued", " --tta 8", "catalogued"), "catalogued"),
            ),
            (
                *areas(asked=True),
                *areas(asked=True, step="catalogued", where=", speeds as catalogued"),
                *margins(),
                Figure("false tracks a cube", "evaluate/false_tracks_per_cube"),
            ),
            "The preset cpu; the paper had 190 million cubes. The training sky has twice as many movers as the test"
            " sky, and four times the fraction of very fast and very slow ones. Run on two idle cores"
            " (WANDERERS_THREADS=2); docs/cubes.md has the number of steps, and earlier runs. One in ten movers of the"
            " test sky is very fast or very slow; among known minor planets it is about three in a hundred, as in the"
            " sky with speeds as catalogued, which was added after an earlier run. The paper ignores scores within"
            " 0.001 of 0 and 1 because its labels there are often wrong; ours are right, so this leaves out the"
            " network's most certain answers, and areas over all scores are shown too. Raw pixels are thresholded after"
            " background subtraction, in units of the noise. Predictions are the mean over eight of the sixteen"
            " symmetries.",
        ),
        Row(
            "tess-wnet",
            "W-Net with Adaptive Normalisation",
            steps("adaptive", 14),
            (*areas(asked=False), *margins(), Figure("false tracks a cube", "evaluate/false_tracks_per_cube")),
            "With one input channel, and trained on a sky like the test sky; trained for less time than the row above,"
            " and evaluated without test-time augmentation."
            " docs/cubes.md compares the two normalisations in equal time.",
        ),
        Row(
            "tess-paper-size",
            "one step of the preset paper, on a batch of four crops of 64³",
            (Step("train --role cube --data {three} --out {out}/model --preset paper --minutes 0.001 --seed 1"),),
            (Figure("learnt numbers", "train/parameters"), Figure("steps", "train/steps")),
            "It shows only that the step fits into memory. The minutes include validation.",
        ),
    ),
)
