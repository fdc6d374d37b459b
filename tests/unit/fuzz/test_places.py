"""Regions of the sky, cutouts by anybody's WCS, and labelling configurations: understood, or refused in our words."""

import math
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.io.mosaic import cut_out
from ml.io.picture import ArrayPicture, Facts
from ml.io.records import BadInput
from tests.unit.fuzz.damage import FUZZ, bounded_memory, damaged, read_or_refused
from tests.unit.fuzz.test_sky import CARDS, MORE, VALUES, text_of
from webapp.archive.models import Subject
from webapp.archive.sky_region import read_cone, read_polygon
from webapp.exports.label_studio_choices import BadConfiguration, controls_of

CONES = [b"10.5,-20,0.1", b"03:08:06.6 +29:57:04.5 0:05", b"0, 90, 1", b"360 -90 180"]
POLYGONS = [b"10,5,20,5,15,15", b"0,89,120,89,240,89", b"(359,0), (1,0), (0,1)", b"0:0:0 0:0 1:0 0:0 0:30 10:00"]
PLACES = st.tuples(
    st.one_of(st.floats(0, 360), st.sampled_from([0, 120, 180, 240, 360])),
    st.one_of(st.floats(-90, 90), st.sampled_from([-90, -89.9999999, 0, 89, 89.9999999, 90])),
)
CHOICES = b"""<View><Image name="image" value="$image"/><!-- asked --><Choices name="q" toName="image,other">
<Choice value="Yes" alias="y"/><Choice value="No"/></Choices><choices NAME="c" toname="image" perRegion="true">
<Choice value="AST"/></choices></View>"""


def understood(read, text):
    """Check that the filter asks the database for finite numbers only, or that the refusal is a sentence of ours."""
    region = read_or_refused(lambda: in_our_words(read, text), ValueError)
    if region is not None:
        _, numbers = Subject.objects.filter(region).query.sql_with_params()
        assert all(math.isfinite(number) for number in numbers if isinstance(number, float))


def in_our_words(read, text):
    """Return the region; let through only refusals that end as a sentence, unlike Python's."""
    try:
        return read(text)
    except ValueError as refused:
        if not str(refused).endswith("."):
            raise AssertionError(refused) from refused
        raise


@given(st.one_of(text_of(damaged(*CONES)), st.text(max_size=40)))
@FUZZ
def test_cones(text):
    understood(read_cone, text)


@given(st.one_of(text_of(damaged(*POLYGONS)), st.text(max_size=40)))
@FUZZ
def test_polygons(text):
    understood(read_polygon, text)


@given(st.lists(PLACES, min_size=3, max_size=6), st.floats(0, 180))
@FUZZ
def test_regions_of_any_place(corners, radius):
    understood(read_polygon, ",".join(f"{ra!r},{dec!r}" for ra, dec in corners))
    ra, dec = corners[0]
    understood(read_cone, f"{ra!r},{dec!r},{radius!r}")


@pytest.mark.parametrize("dec", [89, -89, 89.99, 1])
@pytest.mark.parametrize("corners", [3, 4, 5, 7, 12, 50])
def test_a_polygon_around_a_pole(corners, dec):
    understood(read_polygon, ",".join(f"{360 * n / corners!r},{dec}" for n in range(corners)))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["1,", "0:0:0 ", ",", "9", "(", "1:", "1,1,", "x "])
def test_an_endless_region(piece):
    with bounded_memory():
        for read in (read_cone, read_polygon):
            understood(read, piece * (10**6 // len(piece)))


class Mosaic(ArrayPicture):
    def __init__(self, array, cards):
        super().__init__(array, colours=False)
        self.cards = cards

    def facts(self, plane):
        return Facts(wcs=self.cards)


PIXELS = np.zeros((2, 62, 62), np.float32)


@given(
    st.dictionaries(st.sampled_from([*CARDS, *MORE]), VALUES, max_size=5),
    st.sampled_from([PIXELS, PIXELS[0], PIXELS[0, 0], PIXELS[:, :, :0], PIXELS[None]]),
    st.one_of(st.just((10.0, 5.0)), PLACES),
    st.integers(1, 256),
)
@FUZZ
def test_cutouts(changes, pixels, place, side):
    part = read_or_refused(lambda: cut_out(Mosaic(pixels, CARDS | changes), *map(float, place), side), BadInput)
    if part is not None:
        assert part.pixels.shape[-2:] == (side, side)


@given(text_of(damaged(CHOICES)))
@FUZZ
def test_labelling_configurations(text):
    for control in read_or_refused(lambda: controls_of(text), BadConfiguration) or []:
        assert control.name
        assert control.target
        control.asks_answer  # noqa: B018  # nothing of a choice may fail


@given(st.text(max_size=60), st.text(max_size=60))
@FUZZ
def test_choices_of_any_name(name, label):
    configuration = (
        f"<View><Choices name={quoteattr(name)} toName='i'><Choice value={quoteattr(label)}/></Choices></View>"
    )
    read_or_refused(lambda: controls_of(configuration), BadConfiguration)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "configuration",
    [
        "<View>" * 100_000,
        "<!DOCTYPE v [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><View>&b;</View>",
        "<?xml version='1.0' encoding='utf-16'?><View/>",
        "<View " + " ".join(f"a{n}=''" for n in range(50_000)) + "/>",
        "<View>\ud800</View>",
    ],
    ids=["deep", "entities", "another encoding", "many attributes", "a lone surrogate"],
)
def test_a_labelling_configuration_that_would_grow(configuration):
    read_or_refused(lambda: controls_of(configuration), BadConfiguration)
