"""Messages: English sentences that remember their template and values, so that a page can translate them."""

from typing import Any, Self

Value = int | float | str
"""A number, a word or a number in words, or another message."""

_AFTER_A_PLACE = "%(place)s: %(problem)s"  # no words, so nothing to translate


class Message(str):
    """An English sentence made of a template and values. As a string, it is the sentence.

    Slicing, joining and the other methods of strings return plain strings, which cannot be translated.

    Raises KeyError: a slot has no value.

    Parameters
    ----------
    template
        The English text with slots such as ``%(size)s``; a literal percent sign is ``%%``. Write it as a literal where
        the message is made: `manage.py translations` collects it there.
    **values
        By slot. An exception becomes what it says; anything else but a number or a string becomes a string.

    Examples
    --------
    >>> Message("%(what)s is empty.", what=Message("this file"))
    'this file is empty.'
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, Value]

    def __new__(cls, template: str, /, **values: object) -> Self:
        plain = {name: _plain(value) for name, value in values.items()}
        message = super().__new__(cls, template % plain)
        message.template, message.values = template, plain
        return message

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Value]]:
        return (self.template,), self.values


def _plain(value: object) -> Value:
    if isinstance(value, BaseException):
        return message_of(value)
    return value if isinstance(value, int | float | str) else str(value)


def message_of(error: BaseException) -> str:
    """Return what an error says: the message that it was raised with, else its text."""
    match error.args:
        case (Message() as message,):
            return message
    return str(error)


def reason_of(error: BaseException) -> str:
    """Return what an error says to people; with its class only where it would say nothing else, or a bare key."""
    name = type(error).__name__
    if not str(error):
        return name
    if isinstance(error, OSError) and error.strerror:
        return after(error.filename, error.strerror)
    return after(name, message_of(error)) if isinstance(error, KeyError) else message_of(error)


def after(place: object, problem: str) -> str:
    """Return the problem after the place where it occurred, such as a file; unchanged without a place."""
    return Message(_AFTER_A_PLACE, place=place, problem=problem) if place else problem


LONGEST = 2_000
"""Characters of a text that are kept: a message may quote a cell of a table, which may be as long as the file."""


def to_json(value: Any) -> Any:
    """Return a message as ``{"text": template, "values": {...}}``, nested; a plain string or number as it is.

    NUL and lone surrogates, which no database or page can hold, are replaced, and texts are cut after `LONGEST`
    characters.
    """
    if isinstance(value, Message):
        return {"text": value.template, "values": {name: to_json(each) for name, each in value.values.items()}}
    if not isinstance(value, str):
        return value
    text = value if len(value) <= LONGEST else f"{value[:LONGEST]} …"
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def from_json(data: Any) -> Any:
    """Return the message, plain string or number that `to_json` turned into `data`."""
    if not isinstance(data, dict):
        return data
    template, values = data["text"], data["values"]
    return Message(template, **{name: from_json(each) for name, each in values.items()})
