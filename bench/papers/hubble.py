"""Kruk et al. 2022: trails of asteroids in Hubble's archive."""

from bench.papers.row import Figure, Paper, Row, Step

CLEAR = "completeness_clear_at_precision_0.9"
EVERY = "completeness_at_precision_0.9"
JUDGE = "evaluate --checkpoint {out}/model --data {hubble_test}/manifest.csv --no-classical"


def _figures(least: float | None) -> tuple[Figure, ...]:
    return (
        Figure("completeness at 90 % precision, S/N ≥ 3", f"evaluate/{CLEAR}", least=least),
        Figure("completeness at 90 % precision, all", f"evaluate/{EVERY}"),
        Figure("average precision, S/N ≥ 3", "evaluate/average_precision_clear"),
        Figure(
            "cutouts a second",
            "evaluate/cutouts_per_second",
            paper=150_000 / 36_000,
            least=None if least is None else 4.0,
        ),
    )


PAPER = Paper(
    title="Hubble Asteroid Hunter: trails in large images",
    source="Kruk et al. 2022, A&A 661, A85, and the talk of 22 June 2022 (ESA PSIDA).",
    difficulty=(
        "Cutouts of 1024² pixels with stars and their spikes, galaxies, arcs, satellites and cosmic rays; trails of S/N"
        " 1.5 to 30 per pixel, bent by the telescope's orbit. A found line strays at most 5 pixels from a true one and"
        " covers half of it. The paper's figure is its run over 150,000 cutouts in about 10 hours on a cloud."
    ),
    skies={
        "hubble_train": "hubble --n 900 --seed 11 --share 0.8",
        "hubble_look": "hubble --n 600 --seed 14 --share 0.8",
        "hubble_test": "hubble --n 300 --seed 13",
    },
    rows=(
        Row(
            "hubble_learned",
            "network and second look",
            (
                Step(
                    "train --role trail --data {hubble_train}/manifest.csv --out {out}/network --steps 1200 --seed 1",
                    "network",
                ),
                Step(
                    "train --role trail --data {hubble_look}/manifest.csv --init {out}/network --steps 0"
                    " --out {out}/model --seed 1"
                ),
                Step(JUDGE),
            ),
            _figures(0.9),
            note=(
                "its steps were run one after the other on a machine that others were using; the memory is that of the"
                " second look and the judging, the network's was not kept"
            ),
        ),
        Row(
            "hubble_classical",
            "line sums with a star mask (classical)",
            (
                Step("train --role trail --preset classical --data {hubble_train}/manifest.csv --out {out}/model"),
                Step(JUDGE),
            ),
            _figures(None),
            note="nothing is trained; its classes are rules",
        ),
    ),
)
