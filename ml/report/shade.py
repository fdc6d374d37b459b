"""The colour of a share, and of the text upon it, so that both can be read."""

import math

LIGHT, DARK = (235, 239, 250), (20, 46, 130)
UNKNOWN = "#f0f0ee"


def shade(share: float) -> str:
    """Return the colour of a share 0..1, from pale to dark blue; grey for NaN."""
    if math.isnan(share):
        return UNKNOWN
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(LIGHT, DARK, strict=True))


def ink(share: float) -> str:
    """Return the colour of text on the shade of a share."""
    return "#ffffff" if share > 0.45 else "#16191d"
