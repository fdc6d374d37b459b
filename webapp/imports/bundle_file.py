"""Read a project bundle that anybody may have made: bounded, nothing written to disk, every name and value checked."""

import re
import zlib
from dataclasses import dataclass
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import yaml
from django.utils.translation import gettext as _

from ml.io.plain_yaml import YamlHasAliases, read_plain_yaml
from webapp.core.pictures import MOST_BYTES as LARGEST_IMAGE
from webapp.exports.bundle import FORMAT, NAME, VERSION

LARGEST_FILE = 32 * 2**20
LARGEST_TOTAL = 64 * 2**20
"""Bytes of all members together, unpacked."""

LARGEST_TEXT = 400_000
LARGEST_YAML = 200_000
MOST_MEMBERS = 1000
GUIDE = re.compile(
    r"guides/(?:(?P<workflow>[-\w]{1,50})/)?(?P<kind>tutorial|help|field-guide)\.(?P<language>[a-z]{2})\.md"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
PLACES = (
    (re.compile(re.escape(NAME)), LARGEST_YAML),
    (re.compile(r"translations/[a-z]{2}\.yaml"), LARGEST_YAML),
    (re.compile(r"texts/(story|team|faq)\.md"), LARGEST_TEXT),
    (GUIDE, LARGEST_TEXT),
    (re.compile(r"images/[0-9a-f]{1,32}\.(png|jpeg)"), LARGEST_IMAGE),
)
"""What a bundle may contain, and how large each may be."""


class BundleRefused(ValueError):
    """A file that is no bundle of this site's kind; the message says why."""


@dataclass(frozen=True)
class Bundle:
    """A bundle's content: settings, texts by path, translations by language and key, images by path."""

    settings: dict[str, Any]
    texts: dict[str, str]
    translations: dict[str, dict[str, str]]
    images: dict[str, bytes]


def read_bundle(file: IO[bytes]) -> Bundle:
    """Read a ZIP file; raises BundleRefused for anything that this site would not have written."""
    try:
        with ZipFile(file) as archive:
            members = _checked(archive.infolist())
            content = {each.filename: _read(archive, each) for each in members}
    except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, BundleRefused):
            raise
        raise BundleRefused(_("This is not a readable ZIP file.")) from error
    if NAME not in content:
        raise BundleRefused(_("This ZIP file is not a project bundle: it has no %(name)s.") % {"name": NAME})
    settings = _settings(_yaml(NAME, content.pop(NAME)))
    texts = {name: _text(name, data) for name, data in content.items() if name.endswith(".md")}
    images = {name: data for name, data in content.items() if name.startswith("images/")}
    translations = {
        name[-7:-5]: _strings(name, _yaml(name, data)) for name, data in content.items() if name.endswith(".yaml")
    }
    return Bundle(settings, texts, translations, images)


def _checked(members: list[ZipInfo]) -> list[ZipInfo]:
    names = [each.filename for each in members]
    if len(members) > MOST_MEMBERS or len(set(names)) < len(names):
        raise BundleRefused(_("This ZIP file holds too many files, or one twice."))
    files = [each for each in members if not each.is_dir()]
    for each in files:
        if each.flag_bits & 1 or each.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or not _limit(each.filename):
            raise BundleRefused(_("A project bundle has no place for “%(name)s”.") % {"name": each.filename[:100]})
    if sum(each.file_size for each in files) > LARGEST_TOTAL:
        raise BundleRefused(_("This ZIP file is too large."))
    return files


def _limit(name: str) -> int:
    """Return how large a member may be; 0 for one that has no place in a bundle."""
    return next((most for place, most in PLACES if place.fullmatch(name)), 0)


def _read(archive: ZipFile, member: ZipInfo) -> bytes:
    """Return a member's bytes, whatever size it claims to have."""
    most = _limit(member.filename)
    with archive.open(member) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise BundleRefused(_("“%(name)s” is too large.") % {"name": member.filename})
    return data


def _text(name: str, data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BundleRefused(_("“%(name)s” is not UTF-8 text.") % {"name": name}) from error
    if "\0" in text:
        raise BundleRefused(_("“%(name)s” is not UTF-8 text.") % {"name": name})
    return text


def _yaml(name: str, data: bytes) -> Any:
    text = _text(name, data)
    try:
        value = read_plain_yaml(text)
        _check_plain(name, value)
    except YamlHasAliases as error:
        raise BundleRefused(_("“%(name)s” contains aliases, which bundles don't have.") % {"name": name}) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, BundleRefused):
            raise
        raise BundleRefused(_("“%(name)s” is not readable YAML.") % {"name": name}) from error
    return value


def _check_plain(name: str, value: Any) -> None:
    """Refuse values that no setting has: dates, bytes, sets, endless or huge numbers, texts that no database stores."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for each in value:
            _check_plain(name, each)
        return
    is_number = isinstance(value, (int, float)) and abs(value) < 2**31  # so neither endless nor NaN
    is_text = isinstance(value, str) and "\0" not in value and not _SURROGATE.search(value)
    if value is not None and not is_number and not is_text:
        raise BundleRefused(_("“%(name)s” contains a value that no setting has.") % {"name": name})


def _settings(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("format") != FORMAT or value.get("version") != VERSION:
        raise BundleRefused(_("This bundle was not made by this version of the site."))
    survey, workflows = value.get("survey"), value.get("workflows")
    if not isinstance(survey, dict) or not isinstance(workflows, list):
        raise BundleRefused(_("The bundle lacks the survey or its workflows."))
    if not all(isinstance(each, dict) and isinstance(each.get("slug"), str) for each in workflows):
        raise BundleRefused(_("The bundle lacks the survey or its workflows."))
    return value


def _strings(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for pair in value.items() for each in pair):
        raise BundleRefused(_("“%(name)s” is not readable YAML.") % {"name": name})
    return value
