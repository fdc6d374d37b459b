"""Skies that nobody tuned the backbone on: each simulator left out of pretraining, and one real night."""

from bench.papers.row import Figure, Paper, Row, Step

NIGHT = "../shared/data/ztf-night-20181128"
STAMPS, FEW = "--learn 3760 --judge 2000", "--learn 1000 --judge 1000"


def left_out(sky: str, says: str, stamps: str, *, auc: float | None = None, accuracy: float | None = None) -> Row:
    """Return the row of a simulator that pretraining left out: heads on its stamps, by number of labels."""
    every = stamps.split()[1]
    ours = "judge/sky, run"
    beside = [(str(labels), f"{labels} labels") for labels in dict.fromkeys((50, 200, 1000, int(every)))]
    figures = (
        Figure("AUC without a label", f"{ours}/0/auc"),
        *(Figure(f"AUC, {name}", f"{ours}/{at}/auc", None, auc if at == "200" else None) for at, name in beside),
        Figure(f"accuracy, {every} labels", f"{ours}/{every}/accuracy", None, accuracy),
        Figure("AUC of ImageNet's lite0, 200 labels", "judge/imagenet/200/auc"),
        Figure("AUC of lite0 with centre and photometry, 200 labels", "judge/imagenet_rings/200/auc"),
        Figure(f"AUC from scratch, {every} labels, one draw", f"judge/none: small, from scratch, one draw/{every}/auc"),
    )
    pretrain = Step(f"pretrain --without {sky} --steps 1000 --out {{out}}/run")
    judge = Step(f"--seeds 10 {sky} {stamps} --run {{out}}/run", "judge", "bench.backbone")
    return Row(f"unseen_{sky}", says, (pretrain, judge), figures)


def real_night() -> Row:
    """Return the row of the packaged backbone on the alerts of one night."""
    judge = Step(f"--seeds 10 night {NIGHT}", "judge", "bench.backbone")
    by_labels = tuple(
        Figure(f"AUC, {labels} labels", f"judge/sky/{labels}", None, 0.94 if labels == 50 else None)
        for labels in (25, 50, 100, 200)
    )
    figures = (
        *by_labels,
        Figure("AUC, five folds", "judge/sky/folds", None, 0.985),
        Figure("AUC of ImageNet's lite0, five folds", "judge/imagenet/folds"),
        Figure("AUC of lite0 with centre and photometry, five folds", "judge/imagenet, middle and rings/folds"),
    )
    return Row(
        "unseen_ztf_night",
        "real alerts of ZTF, 28 November 2018",
        (judge,),
        figures,
        "499 alerts, 145 of them known asteroids, in ../shared/data; no choice was made on them.",
    )


PAPER = Paper(
    "Skies that the backbone has not seen",
    "No paper's; the targets are ours. [The sky backbone](backbone.md) is pretrained for 1,000 steps on all simulators"
    " but one, and heads on its frozen features are judged on that one; on the real night, the packaged backbone is.",
    "Stamps with labels and stamps that are judged are different ones. Means of ten draws of labels, with intervals of"
    " 95 % for the mean. AUC is that of movers, or trails, against everything else. The rows of simulators were made at"
    " a low priority beside other work, and paused, so their minutes say little.",
    {},
    (
        left_out("atlas", "ATLAS, eight classes", STAMPS, auc=0.95, accuracy=0.93),
        left_out("alerts", "alerts of three planes", STAMPS),
        left_out("euclid", "Euclid, three dithers, four classes", FEW),
        left_out("ground", "difference stamps from the ground", FEW),
        left_out("hubble", "Hubble's exposures", FEW),
        real_night(),
    ),
)
