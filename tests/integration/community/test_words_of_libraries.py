"""What libraries say is said as the site speaks: tú, du and vous, and one word for one thing."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from django.core.management import CommandError, call_command
from django.utils.translation import gettext, ngettext, override

from webapp.console import message_catalogs
from webapp.console.management.commands import translations as translations_command
from webapp.console.message_catalogs import LIBRARIES, Translation

pytestmark = pytest.mark.django_db

LANGUAGES = ("de", "es", "fr")
APPS = ("django.conf", "django.contrib.auth", "allauth", "rest_framework")
OTHER_WORDS = {  # formal addresses, and words for which the site has others
    "de": r"\b(Sie|Ihnen|Ihre?[mnrs]?)\b|Anmeldename|Wiederherstellungs-|Zwei-Faktor",
    "es": r"(?i)\b(usted|sus?|adjunte|asegúrese|compruebe|confirme|contáctenos|corrija|desea|desmarque|elimínelos|"
    r"envíe|escoja|escriba|habilite|haga|ingrese|inicie|inténtelo|introdu[zc]c?a|introdúzcalo|observe|póngase|seleccione|"
    r"siga|solicite|tome|use|utilice|verifique|vuelva|se dispone|clave de seguridad|dos factores)\b|"
    r"^(no )?(ha|puede(?! haber)|debe(?! ser)|está) ",
    "fr": r"(?i)\be-?mails?\b|\bpseudo|clé secrète$|deux facteurs",
}
NEVER_SHOWN = re.compile(  # telephones, devices and programs that sign in here, Django's admin and its first page
    r"[Pp]hone|[Dd]evice|client|URI|View your email|DEBUG=True|^Mark selected|^The groups|"
    r"^email (addresses|confirmations?)$|^secret key$"
)
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|<[^>]+>")


def asked(language):
    """Return every message of the libraries that has no context, in English: a text, or its singular and plural."""
    for app in APPS:
        folder = Path(next(iter(find_spec(app).submodule_search_locations))) / "locale" / language
        with (folder / "LC_MESSAGES" / "django.mo").open("rb") as file:
            yield from (message.id for message in read_mo(file) if message.id and not message.context)


def said(message):
    return gettext(message) if isinstance(message, str) else f"{ngettext(*message, 1)} {ngettext(*message, 2)}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_library_is_formal_or_has_other_words(language):
    with override(language):
        answers = {str(each): PLACE.sub("", said(each)) for each in asked(language)}
    shown = {each: answer for each, answer in answers.items() if not NEVER_SHOWN.search(each)}
    found = [f"{each}: {answer}" for each, answer in shown.items() if re.search(OTHER_WORDS[language], answer)]
    assert not found, f"Say otherwise in locale/libraries/{language}: " + "\n".join(found)


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_other_words_are_for_what_a_library_says_and_keep_its_placeholders(language):
    own = {_first(message.id) for message in Translation(language, "django").read() if message.id}
    library = {_first(each) for language in LANGUAGES for each in asked(language)}
    for message in Translation(language, "django", LIBRARIES).read():
        if message.id:
            assert _first(message.id) in library - own
            forms = [message.string] if isinstance(message.string, str) else message.string
            assert all(set(PLACE.findall(form)) == set(PLACE.findall(_first(message.id))) for form in forms), message.id


def _first(message_id):
    return message_id if isinstance(message_id, str) else message_id[0]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Der Benutzername oder das Passwort ist falsch."),
        ("es", "El nombre de usuario o la contraseña no son correctos."),
        ("fr", "Le nom d’utilisateur ou le mot de passe sont incorrects."),
    ],
)
def test_a_page_says_it_in_our_words(client, language, sentence):
    wrong = dict.fromkeys(["login", "password"], "nobody")
    page = client.post("/accounts/login/", wrong, headers={"Accept-Language": language})
    assert sentence in page.content.decode()


def test_what_is_written_by_hand_is_compiled_and_checked_but_not_renewed(tmp_path, monkeypatch):
    by_hand = Translation("de", "django", tmp_path)
    by_hand.po.parent.mkdir(parents=True)
    by_hand.po.write_text('msgid "Sign In"\nmsgstr "Anmelden"\n')
    monkeypatch.setattr(message_catalogs, "LOCALE", tmp_path)
    monkeypatch.setattr(message_catalogs, "LIBRARIES", tmp_path)
    monkeypatch.setattr(translations_command, "translations", lambda: [by_hand])
    with pytest.raises(CommandError, match=r"de/LC_MESSAGES/django.po, compiled;"):
        call_command("translations", check=True)
    call_command("translations")
    call_command("translations", check=True)
    assert by_hand.po.read_text() == 'msgid "Sign In"\nmsgstr "Anmelden"\n'
    by_hand.po.write_text('msgid "Sign In"\nmsgstr ""\n')
    with pytest.raises(CommandError, match="1 texts lack a translation"):
        call_command("translations", check=True)
