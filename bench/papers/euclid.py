"""Lieu et al. 2019: stamps of solar-system objects in simulated Euclid images."""

from bench.papers.row import Figure, Paper, Row, Step

TWO = "--merge other=CR,GALAXY,STAR"
TRAIN = "train --role stamp --data {{{sky}}}/manifest.csv --out {{out}}/model"
JUDGE = "evaluate --checkpoint {{out}}/model --data {{{sky}}}/manifest.csv"
NO_WEIGHTS = (
    "timm's ImageNet weights of this architecture could not be downloaded here, so the row shows the architecture"
    " without them, and without the paper's figures."
)
CONSTANT = (
    "It gives all stamps the same score: with random weights and batch norms with initial statistics, the signal fades"
    " over the layers until the features underflow in 16 bits. All are 0, and all scores are ties."
)


def steps(learn: str, test: str, options: str) -> tuple[Step, ...]:
    """Return the commands that train on one sky and evaluate on another."""
    return Step(f"{TRAIN.format(sky=learn)} {options}"), Step(JUDGE.format(sky=test))


def figures(
    accuracy: float | None = None,
    auc: float | None = None,
    kappa: float | None = None,
    *,
    least: tuple[float | None, float | None, float | None] = (None, None, None),
) -> tuple[Figure, ...]:
    """Return accuracy, AUC and kappa with the paper's values and our targets."""
    names = ("accuracy", "roc_auc", "kappa")
    return tuple(
        Figure(name, f"evaluate/{name}", paper, asked)
        for name, paper, asked in zip(names, (accuracy, auc, kappa), least, strict=True)
    )


def row(
    key: str,
    says: str,
    options: str,
    figures: tuple[Figure, ...],
    *,
    sky: str = "colour",
    learn: str = "",
    note: str = "",
) -> Row:
    """Return a row that trains on `sky`_learn, or on another, and evaluates on `sky`_test."""
    return Row(f"euclid_{key}", says, steps(learn or f"{sky}_learn", f"{sky}_test", options), figures, note)


PAPER = Paper(
    "Lieu et al. 2019: solar-system objects in Euclid images",
    "Detecting solar system objects with convolutional neural networks, MNRAS 485, 5831; table 2 and section 4.",
    "Stamps of 96 pixels of 0.1″; half are SSOs of 20–26 mag and 10–80″/h (uniform), with S/N 5 and above in one"
    " exposure. The paper trained on 3756 stamps of each class, we on 4000 in all, half of them SSOs; we evaluate on"
    " 2000 others. Rows with fewer stamps say so.",
    {
        "colour_learn": "euclid --n 4000 --seed 1",
        "colour_test": "euclid --n 2000 --seed 2",
        "single_learn": "euclid --n 4000 --seed 1 --dithers 1",
        "single_test": "euclid --n 2000 --seed 2 --dithers 1",
        "four_learn": "euclid --n 4000 --seed 1 --dithers 4",
        "four_test": "euclid --n 2000 --seed 2 --dithers 4",
        "few_learn": "euclid --n 400 --seed 1",
        "few_test": "euclid --n 200 --seed 2",
        "rates_learn": "euclid --n 8000 --seed 1 --dithers 1 --size 144",
        "rates_test": "euclid --n 2000 --seed 2 --dithers 1 --size 144",
    },
    (
        row(
            "default_2", "ours, three dithers, 2 classes", TWO, figures(0.956, 0.992, 0.912, least=(0.97, 0.997, 0.94))
        ),
        row("default_4", "ours, three dithers, 4 classes", "", figures(0.790, 0.949, 0.719, least=(0.95, None, None))),
        row("single_2", "ours, one dither, 2 classes", TWO, figures(0.935, 0.981, 0.871), sky="single"),
        row("single_4", "ours, one dither, 4 classes", "", figures(0.830, 0.962, 0.773), sky="single"),
        row(
            "unaugmented",
            "ours without augmentation, three dithers, 2 classes",
            f"{TWO} --augment none",
            figures(),
            note="Augmentation raised the paper's single-dither accuracy from 0.935 to 0.957.",
        ),
        row(
            "lite0_frozen",
            "lite0, frozen ImageNet bottlenecks, 2 classes",
            f"{TWO} --preset head --init imagenet",
            figures(0.956, 0.992, 0.912),
            note="The paper's transfer learning (MobileNet), with a network whose weights need no download.",
        ),
        row("lite0_tuned", "lite0, fine-tuned, 2 classes", f"{TWO} --preset finetune --init imagenet", figures()),
        row(
            "mobilenet_random",
            "mobilenetv1_100 at 96 pixels, frozen random weights, 2 classes",
            f"{TWO} --preset mobilenetv1_100 --size 96 --init random",
            figures(0.504, 0.5, 0.0),
            note="The paper's control: without ImageNet weights its features were uninformative.",
        ),
        row(
            "mobilenet_scratch",
            "mobilenetv1_100 at 96 pixels, from scratch, 2 classes",
            f"{TWO} --preset mobilenetv1_100 --size 96 --init scratch --minutes 2.5",
            figures(0.851, 0.916, 0.703),
        ),
        row(
            "inception",
            "inception_v4 at 96 pixels, frozen random weights, 400 stamps, 2 classes",
            f"{TWO} --preset inception_v4 --size 96 --init random",
            figures(),
            sky="few",
            note="With ImageNet weights, 7512 stamps and 299 pixels the paper has an accuracy of 0.943, an AUC of 0.989"
            f" and a κ of 0.885. {NO_WEIGHTS} {CONSTANT}",
        ),
        row(
            "nasnet",
            "nasnetalarge at 96 pixels, frozen random weights, 400 stamps, 2 classes",
            f"{TWO} --preset nasnetalarge --size 96 --init random",
            figures(),
            sky="few",
            note="With ImageNet weights, 7512 stamps and 331 pixels the paper has an accuracy of 0.945, an AUC of 0.989"
            f" and a κ of 0.890. {NO_WEIGHTS}",
        ),
        row(
            "adapter",
            "lite0 at 96 pixels, fine-tuned behind the 4→3 adapter, four dithers, 2 classes",
            f"{TWO} --preset finetune --init imagenet --size 96 --channels-as adapter",
            figures(0.900, 0.966, 0.800),
            sky="four",
        ),
        row(
            "stem",
            "lite0 at 96 pixels, fine-tuned with a widened stem, four dithers, 2 classes",
            f"{TWO} --preset finetune --init imagenet --size 96 --channels-as stem",
            figures(),
            sky="four",
        ),
        row("four", "ours, four dithers, 2 classes", TWO, figures(0.900, 0.966, 0.800), sky="four"),
        row(
            "velocity",
            "ours, one dither of 144 pixels, seven velocity bins",
            "--velocity-bins 10,20,30,40,50,60,70,80 --preset small --size 144",
            (Figure("accuracy", "evaluate/accuracy", 0.77, 0.77), Figure("within_one", "evaluate/within_one")),
            sky="rates",
            note="Trails of 60″/h and more extend beyond a stamp of 96 pixels, so these are larger.",
        ),
        row(
            "monte_carlo",
            "lite0, frozen, 5 Monte Carlo splits 70/20/10 of 4000, 2 classes",
            f"{TWO} --preset head --init imagenet --monte-carlo 5",
            (
                Figure("accuracy", "train/monte_carlo/accuracy/mean"),
                Figure("low", "train/monte_carlo/accuracy/low"),
                Figure("high", "train/monte_carlo/accuracy/high"),
            ),
        ),
    ),
)
