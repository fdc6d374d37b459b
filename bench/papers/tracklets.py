"""ATLAS tracklets: the paper's perceptron and our set network on the same stamp network and the same tracklets."""

from bench.papers.row import Figure, Paper, Row, Step

COUNTS = ("3", "4", "6", "4_plain")
CHIPS = "{out}/../tracklet-chips/chips"
"""The stamp network that all tracklet networks share: trained on stamps of another night, and on no tracklet."""


def on_tracklets(key: str, says: str, preset: str, note: str, *, asked: bool) -> Row:
    """Return the row of a tracklet network, trained once and evaluated on tracklets of 3, 4 and 6 detections."""
    learn = (
        f"train --role tracklet --preset {preset} --data {{tracklets}} --init {CHIPS} --out {{out}}/tracklets --seed 1"
    )
    judge = [Step(f"evaluate --checkpoint {{out}}/tracklets --data {{tracklets_{n}}}", f"evaluate_{n}") for n in COUNTS]
    figures = [figure for n in COUNTS for figure in figures_of(n, asked=asked)]
    return Row(key, says, (Step(learn), *judge), tuple(figures), note)


def figures_of(n: str, *, asked: bool) -> list[Figure]:
    """Return the figures for a number of detections; the paper's are for four, and count satellites as real."""
    auc, kept, rejected = (0.992, 0.996, 0.908) if n == "4_plain" else (None, None, None)
    at, n = f"evaluate_{n}", n.replace("4_plain", "4, no satellites")
    return [
        Figure(f"{n}: AUC", f"{at}/roc_auc", auc, 0.992 if asked else None),
        Figure(f"{n}: bogus rejected at 99.6 % completeness", f"{at}/operating/rejected_at_0.996", rejected),
        Figure(f"{n}: kept at the model's threshold", f"{at}/operating/kept_at_threshold", kept),
        Figure(f"{n}: rejected at the model's threshold", f"{at}/operating/rejected_at_threshold", rejected),
        Figure(f"{n}: workload cut at 99.6 %", f"{at}/operating/workload_cut_at_0.996"),
    ]


PAPER = Paper(
    title="ATLAS, tracklets",
    source=(
        "Rabeendran & Denneau 2021, A Two-Stage Deep Learning Detection Classifier for the ATLAS Asteroid Survey,"
        " section 3.2.2: the tracklet classification network."
    ),
    difficulty=(
        "Tracklets as [simulated](simulations.md#atlas-stamps-of-eight-classes-and-tracklets): three in eight are real,"
        " three in five asteroids lie between S/N 5 and 20, a third of the bogus ones are chance alignments of several"
        " classes, and 8 % of all are glints of satellites, whose stamps look real. Trained on 2,400 tracklets"
        " of 3 to 8 detections, mostly 4; evaluated on 3,000 each of 3, 4 and 6, and on 3,000 of 4 without satellites,"
        " which the paper counts as real. The stamp network was trained on 3,760 stamps of another night, as many per"
        " class as in the paper. A bogus detection lies 0.5 to 3″ off the line; this choice of the simulation"
        " determines how much motion helps."
    ),
    skies={
        "tracklet_chips": "atlas --n 3760 --seed 61",
        "tracklets": "atlas --tracklets --detections mixed --n 2400 --seed 62",
        **{f"tracklets_{n}": f"atlas --tracklets --detections {n} --n 3000 --seed 7{n}" for n in "346"},
        "tracklets_4_plain": "atlas --tracklets --detections 4 --satellites 0 --n 3000 --seed 80",
    },
    rows=(
        Row(
            "tracklet-chips",
            "single stamps, our small net",
            (
                Step("train --role stamp --preset small --data {tracklet_chips} --out {out}/chips --seed 1"),
                Step("evaluate --checkpoint {out}/chips --data {tracklets_4} --positive AST,STREAK,COMET"),
            ),
            (Figure("4 detections: AUC of their mean", "evaluate/roc_auc"),),
            "the mean of the four stamps' probabilities, without a tracklet network. The rows below use this stamp"
            " network, so run this row first.",
        ),
        on_tracklets(
            "tracklet-paper",
            "the paper's perceptron (preset paper)",
            "paper",
            "4 × 8 scores, one hidden layer, squared error 1 : 4, gradient descent at 0.1 with batches of one,"
            " threshold 0.8. Of six detections it uses the first four; with three, the fourth is their mean.",
            asked=False,
        ),
        on_tracklets(
            "tracklet-set-chips",
            "our set network, stamps only",
            "set --no-track-features",
            "the same network without motion, brightness and position.",
            asked=False,
        ),
        on_tracklets(
            "tracklet-set",
            "our set network (preset set)",
            "set",
            "with the residual of the motion, the rate, the scatter of the magnitudes and the detector positions."
            " Its threshold was chosen on validation tracklets, to keep 99.6 %.",
            asked=True,
        ),
    ),
)
