"""The documentation names every option of the commands, and no other."""

import argparse
import importlib
import re

import pytest
from django.core import management
from django.core.management import BaseCommand, find_commands, load_command_class

from ml.__main__ import COMMANDS
from webapp.core.environment import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
OWN = {path.stem for path in (ROOT / "webapp/console/management/commands").glob("[a-z]*.py")}
OURS = sorted(OWN - {*find_commands(management.__path__[0])})  # Django documents its own, also where we add to one


def options_of(parser):
    """Return the long options of a parser and of the commands within it, without --help."""
    found = {word for action in parser._actions for word in action.option_strings if word.startswith("--")}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(*map(options_of, action.choices.values()))
    return found - {"--help"}


COMMON = options_of(BaseCommand().create_parser("", ""))


def options_of_ml(name):
    parser = argparse.ArgumentParser()
    importlib.import_module(COMMANDS[name][0]).add(parser.add_subparsers())
    return options_of(parser)


def options_of_site(name):
    command = load_command_class("webapp.console", name)
    return options_of(command.create_parser("", name)) - COMMON


def written_with(command):
    """Return the options with which the documentation writes a command, up to the end of its line or code."""
    uses = re.findall(rf"{re.escape(command)}(?![\w-])((?:[^`\n|;&#]|\\\n|\n +\[)*)", TEXT)
    return {option for use in uses for option in OPTION.findall(use)}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_of_the_science_is_documented(name):
    assert options_of_ml(name) - set(OPTION.findall(TEXT)) == set()


@pytest.mark.parametrize("name", OURS)
def test_each_option_of_the_site_is_documented(name):
    assert options_of_site(name) - set(OPTION.findall(TEXT)) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_of_the_science_are_written_with_options_that_they_have(name):
    assert written_with(f"python -m ml {name}") <= options_of_ml(name)


@pytest.mark.parametrize("name", OURS)
def test_commands_of_the_site_are_written_with_options_that_they_have(name):
    assert written_with(f"manage.py {name}") <= options_of_site(name) | COMMON
