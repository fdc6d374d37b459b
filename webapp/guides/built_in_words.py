"""The words of the built-in guides: tutorial steps, help and classes, by kind of subject.

Dithers are stamps with several exposures of one field.

Tracklets are cut out around each detection: the candidate stays at the crosshair, and the stars move. In stamps,
cutouts and cubes the stars stay in place.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Step = tuple[Promise, Promise, str]
"""Title, text, and the class whose picture goes with it."""

UNSURE: Step = (
    _("Unsure is an answer"),
    _(
        "Say unsure whenever you can't tell; it helps too. Several people look at each subject, so nobody has to be "
        "right alone. Your first subjects include practice images, and the page tells you how you did."
    ),
    "",
)

STEPS: dict[str, list[Step]] = {
    "tracklet": [
        (
            _("Watch the middle"),
            _(
                "The images were taken minutes apart. Each one is cut out around the candidate, so a real mover stays "
                "in the middle of every frame, where a crosshair marks it when you classify. The stars, or what is "
                "left of them, shift around it."
            ),
            "AST",
        ),
        (
            _("Yes: the same object every time"),
            _(
                "Say yes if every frame shows the same object at the crosshair: a round dot, a short line that always "
                "points the same way, or a fuzzy patch."
            ),
            "STREAK",
        ),
        (
            _("No: it changes, or it isn't an object"),
            _(
                "Say no to sharp specks that look different each time, to lines that cross the frame, to "
                "black-and-white pairs, and to frames with nothing at the crosshair."
            ),
            "SCAR",
        ),
        UNSURE,
    ],
    "dithers": [
        (
            _("Look at the middle"),
            _(
                "The images show the same patch of sky, one exposure after another. Stars and galaxies stay in place "
                "from one to the next."
            ),
            "STAR",
        ),
        (
            _("Yes: it moves"),
            _("A mover changes its place from image to image. In long exposures it draws a short line each time."),
            "SSO",
        ),
        (
            _("No: it stays, or it is there only once"),
            _("A sharp scratch or speck in a single image is a cosmic ray. A galaxy is smooth and stays in place."),
            "CR",
        ),
        UNSURE,
    ],
    "stamp": [
        (
            _("Look at the middle"),
            _(
                "The candidate is in the middle; a crosshair marks it when you classify. In a difference image "
                "everything that was there before is subtracted: what is left has changed, or is a flaw."
            ),
            "AST",
        ),
        (
            _("Yes: it looks like an object"),
            _("Say yes to a round dot as wide as a star, to a short line of that width, and to a fuzzy patch."),
            "STREAK",
        ),
        (
            _("No: it is sharper, double, or nothing"),
            _(
                "Say no to specks sharper than a star, to black-and-white pairs, to rays and columns of light, and "
                "where nothing is at the crosshair."
            ),
            "SCAR",
        ),
        UNSURE,
    ],
    "cutout": [
        (
            _("Look for a thin line"),
            _(
                "While the shutter is open, an asteroid draws a trail: as wide as the stars, often slightly curved, "
                "and usually ending inside the image."
            ),
            "yes",
        ),
        (
            _("No: lines that are no trail"),
            _(
                "Straight rays from a bright star are diffraction spikes. Satellites cross the whole image. "
                "Short, sharp scratches are cosmic rays."
            ),
            "no",
        ),
        UNSURE,
    ],
    "cube": [
        (
            _("Play the images"),
            _(
                "The images show the same stars over hours or days. The stars stay in place; a mover drifts along a "
                "line, a little in every frame. In this example it is at the lower right."
            ),
            "yes",
        ),
        UNSURE,
    ],
}

UNSURE_HELP = _("Unsure: you can't tell. That is always fine.")
HELP: dict[str, list[Promise]] = {
    "tracklet": [
        _("Yes: the same dot, short line or fuzzy patch stays at the crosshair in every frame."),
        _("No: it looks different each time, is a long line or a black-and-white pair, or nothing is there."),
        UNSURE_HELP,
    ],
    "dithers": [
        _("Yes: the object in the middle moves from image to image."),
        _("No: it stays in place, or it is in one image only."),
        UNSURE_HELP,
    ],
    "stamp": [
        _("Yes: a round dot, a short line or a fuzzy patch is at the crosshair."),
        _("No: it is sharper than a star, black and white, a ray of light, or nothing is there."),
        UNSURE_HELP,
    ],
    "cutout": [
        _("Yes: there is a thin trail, as wide as the stars."),
        _("No: there are only stars, galaxies, spikes of bright stars, satellites or cosmic rays."),
        UNSURE_HELP,
    ],
    "cube": [
        _("Yes: something drifts along a line while the stars stay in place."),
        _("No: stars may flicker, but nothing travels."),
        UNSURE_HELP,
    ],
}

DRAW: Step = (
    _("Draw the trail"),
    _(
        "If you see a trail, draw a line along it before you answer: drag from one end of the trail to the other. "
        "You can move its ends, and delete it again."
    ),
    "",
)
DRAW_IN_A_FRAME: Step = (
    _("Draw what moves"),
    _(
        "If you see a mover, draw a line before you answer, in the frame where you see it: drag along its trail, "
        "from one end to the other. You can move the ends of the line, and delete it again."
    ),
    "",
)

DRAW_HELP = _("Lines: draw along each trail, from one end to the other, then answer yes.")
DRAW_IN_A_FRAME_HELP = _(
    "Lines: draw along each trail, from one end to the other, in the frame where you see it; then answer yes."
)

COSMIC_RAY = _("cosmic ray")
COMET = (_("comet"), _("Fuzzy, wider than a star, sometimes with a tail to one side."))
FLAWS = {
    "BURN": (_("burn"), _("A bright or dark column up or down the detector, left by a bright star.")),
    "NOISE": (_("noise"), _("Nothing but the grain of the sky: no object at the crosshair.")),
    "SCAR": (_("subtraction scar"), _("Black and white side by side, where a star was not subtracted cleanly.")),
    "SPIKE": (_("diffraction spike"), _("A ray or a cross of light from a bright star, inside or outside the frame.")),
}

CLASSES: dict[str, dict[str, tuple[Promise, Promise]]] = {
    "tracklet": {
        "AST": (_("asteroid"), _("A round dot, as wide as a star, at the crosshair in every frame.")),
        "STREAK": (
            _("fast asteroid"),
            _("So fast that it draws a short line. The line has the same length and direction in every frame."),
        ),
        "COMET": COMET,
        "SATELLITE": (_("satellite"), _("Glints whose brightness and shape change from frame to frame.")),
        "CR": (COSMIC_RAY, _("Sharper than any star, and different in every frame: a speck, or a thin scratch.")),
        **FLAWS,
        "yes": (_("Yes: a mover"), _("The same object at the crosshair in every frame.")),
        "no": (_("No: not a mover"), _("It changes from frame to frame, is an artefact, or nothing is there.")),
    },
    "dithers": {
        "SSO": (_("Solar System object"), _("It moves between the images, often as a short line.")),
        "STAR": (_("star"), _("Round, and in the same place in every image.")),
        "GALAXY": (_("galaxy"), _("Smooth and often oval, and in the same place in every image.")),
        "CR": (COSMIC_RAY, _("A sharp speck or scratch in a single image.")),
        "yes": (_("Yes: a mover"), _("The object in the middle moves from image to image.")),
        "no": (_("No: not a mover"), _("It stays in place, or is in one image only.")),
    },
    "stamp": {
        "AST": (_("asteroid"), _("A round dot, as wide as a star.")),
        "SSO": (_("Solar System object"), _("A round dot or a short line that wasn't there before.")),
        "STREAK": (_("fast asteroid"), _("So fast that it draws a short line, as wide as a star.")),
        "COMET": COMET,
        "CR": (COSMIC_RAY, _("Sharper than any star: a speck, or a thin scratch.")),
        **FLAWS,
        "yes": (_("Yes: a mover"), _("An object at the crosshair: a dot, a short line or a fuzzy patch.")),
        "no": (_("No: not a mover"), _("An artefact, or nothing at the crosshair.")),
    },
    "cutout": {
        "yes": (_("Yes: a trail"), _("A thin line as wide as the stars, often slightly curved.")),
        "no": (_("No: no trail"), _("Stars, galaxies, spikes of bright stars, satellites or cosmic rays.")),
    },
    "cube": {
        "yes": (_("Yes: a mover"), _("Something drifts along a line while the stars stay in place.")),
        "no": (_("No: nothing moves"), _("Stars may flicker, but nothing travels.")),
    },
}
