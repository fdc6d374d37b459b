"""No page for scientists and admins has English text in another language."""

import re
from functools import cache
from urllib.parse import urlsplit

import pytest

from ml.sky.ades_rules import CATALOGUES, MODES
from tests.integration.pages.full_sky import something_on_each_page
from tests.integration.pages.page_texts import WORD, texts_of
from tests.integration.pages.test_words_for_gold import is_of_scientists, mixed
from tests.integration.people import browser, member

pytestmark = pytest.mark.django_db

LANGUAGES = ("de", "es", "fr")
TRACKLET = re.compile(r"\bW[0-9A-Za-z]{6}\b")  # a name in reports
LINK = re.compile(r"""(?:href|hx-get)="(/[^"?#]*)""")
ELSEWHERE = re.compile(
    r"\.(csv|json|png|bin|zip|pdf|safetensors)$|^/(api|static|texts|pixels|pictures|accounts|classify)/|logout|epochs"
)
NAMES = {  # what people called things, and wrote
    "night", "all", "ada", "rita", "sue", "bob", "AST", "CR", "night.csv", "Wanderers", "Is it real?",
    "Look for what moves.",
    "It was a rainy night.", "new", "nobody", "nowhere",
    "Dawid–Skene", "zooniverse.org", "!known object", "433 Eros", "live", "ztf_20260501_programid1", "Python", "Django",
    "PostgreSQL", "celery", "psycopg", "zarr", "torch", "openvino", "database", "broker", "cache", "disk", "beat",
    "worker", "Help", "Ask what you don't understand.", "What is a burn?", "I see", "stripes", "So do I,", "@rita.",
    "#comet", "R. Scientist", "Parquet", "VOTable", "FITS", "NPY", "linked", "Aladin", "JPL", "MPC",
    "MPChecker", "SIMBAD", "SkyBoT", *MODES, *CATALOGUES,
}  # fmt: skip
ALIKE = {  # words that are the same in English
    "all": {
        "English", "Español", "Deutsch", "Français", "API", "CSV", "XML", "ROC AUC", "PR AUC", "MJD", "UTC", "Mag",
        "Dec (°)", "min", "Zoom", "asinh", "log", "zscale", "ADES PSV", "ADES XML", "obs80",
    },
    "de": {
        "Champion", "Champions", "Filter", "Format", "Institution", "Moderation", "Seeing, FWHM in ″", "Team",
        "Partition", "Import", "Labels", "Name", "Position (ICRS)", "RA (°)", "S/N", "Text", "Text, in Markdown",
        "Version", "linear",
    },
    "es": {"Detector", "Error, ″", "General", "No", "no", "P(real)", "Tutorial"},
    "fr": {
        "champion", "Champion", "Champions", "classification", "classifications", "Figures", "figures", "fraction",
        "Format", "Images", "Institution", "Latitude (°)", "Mode", "Sessions", "magnitude",
        "Magnitude", "Partition", "satellite", "Classifications", "Classes", "Imports",
        "Source", "Collections", "Consensus", "Consensus, Parquet", "Cube", "Description",
        "Guides", "guides", "Pause", "Import", "Pixels", "points", "Page", "Pages", "Promotions", "Question", "Type",
        "Position (ICRS)", "Version", "Versions", "Vote", "Votes", "votes", "consensus",
    },
}  # fmt: skip
REFUSED = [
    ("workflows/night/", {"agreement": "0.2", "agreement_votes": "0", "undecided_share": "0", "flags": "0"}),
    ("workflows/new/", {"slug": "new", "prior": "1", "min_votes": "0", "max_votes": "-1", "majority": "0.1"}),
    (
        "workflows/night/",
        {"name": "x", "question": "", "training_schedule_fraction": "x", "training_schedule_until": ""},
    ),
    ("settings/", {"name": "", "classes": "yes, AST", "positive": "CR"}),
    ("settings/", {"name": "night", "classes": "CR, NOISE", "positive": "CR", "pixel_scale": "-1", "observatory": "?"}),
    ("settings/members/", {"username": "nobody", "role": "scientist"}),
    ("settings/members/", {"username": "ada", "role": "scientist"}),
    ("ingest/start/", {"name": "", "kind": "nebula"}),
    ("ingest/start/", {"name": "nowhere", "kind": ""}),
    ("learning/start/", {"preset": "guess", "minutes": "0"}),
    ("training/night/inject/", {"number": "0", "snr_min": "9", "snr_max": "2", "label": "new"}),
]


@pytest.fixture
def survey(db):
    return something_on_each_page()


def walk(page, language):
    """Yield URL and content of every page linked from the survey's pages, one of each kind."""
    waiting, kinds = ["/surveys/night/", "/surveys/new/", "/surveys/night/review/?state=all"], set()
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"\d+", "N", path) if "/runs/" not in path else path
        if kind in kinds or ELSEWHERE.search(urlsplit(path).path):
            continue
        kinds.add(kind)
        answer = page.get(path, follow=True, headers={"Accept-Language": language})
        assert answer.status_code == 200, path
        if not answer["Content-Type"].startswith("text/html"):
            continue
        content = answer.content.decode()
        yield path, content
        waiting += LINK.findall(content)


def leftovers(english, theirs, language):
    """Return the texts that are the same on an English page and on one in another language."""
    return sorted(text for text in english & theirs if not _alike(text, language))


@cache
def _alike(text, language):
    """Return whether a text consists only of names, and words common to both languages."""
    return not WORD.search(TRACKLET.sub(" ", _known(language).sub(" ", text)))


@cache
def _known(language):
    known = sorted(NAMES | ALIKE["all"] | ALIKE[language], key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)")


@pytest.fixture
def ada(survey):
    member(survey, "scientist", "bob")
    user = member(survey, "admin", "ada")
    user.is_superuser = True
    user.save()
    return browser(user)


def test_no_english_is_left_on_the_pages_of_admins_and_gold_has_one_name(ada):
    english = {path: texts_of(page) for path, page in walk(ada, "en")}
    assert len(english) > 30
    assert mixed(english) == []
    assert any(is_of_scientists(texts) for texts in english.values())
    for language in LANGUAGES:
        theirs = {path: texts_of(page) for path, page in walk(ada, language)}
        assert english.keys() == theirs.keys()
        left = {path: found for path, texts in english.items() if (found := leftovers(texts, theirs[path], language))}
        assert not left, "\n".join(f"{language} {path}: {texts}" for path, texts in left.items())


def test_what_is_refused_is_refused_in_the_readers_language(ada):
    for path, said in REFUSED:
        pages = {
            each: ada.post(f"/surveys/night/{path}", said, headers={"Accept-Language": each})
            for each in ("en", *LANGUAGES)
        }
        assert {page.status_code for page in pages.values()} == {400}, path
        texts = {each: texts_of(page.content.decode()) for each, page in pages.items()}
        for language in LANGUAGES:
            left = leftovers(texts["en"], texts[language], language)
            assert not left, f"{language} {path} {said}: {left}"
