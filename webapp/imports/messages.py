"""Messages of import jobs."""

from django.utils.translation import gettext_noop

from webapp.core.messages import Sentence

NOT_BROUGHT_IN = Sentence(gettext_noop("%(problem)s Nothing was brought in."))
NOT_BROUGHT_IN_FURTHER = Sentence(gettext_noop("%(problem)s Nothing more was brought in."))

EMPTY = Sentence(gettext_noop("%(file)s is empty."))
NOT_OPENED = Sentence(gettext_noop("%(file)s cannot be opened: %(error)s. Upload it again."))
NO_ANSWER = Sentence(gettext_noop("%(file)s holds no answer."))
NO_LABEL = Sentence(gettext_noop("%(file)s holds no label that could be an answer."))
NOT_UTF8 = Sentence(gettext_noop("%(file)s is not text in UTF-8. Save it as CSV in UTF-8."))
NO_CSV = Sentence(gettext_noop("%(file)s is no CSV that can be read: %(error)s at line %(line)s."))
NO_COLUMN = Sentence(
    gettext_noop(
        "%(file)s has no column %(missing)s. A Panoptes classification export has them all; a plain list of votes "
        "needs %(needed)s and a column of answers."
    )
)
COLUMN_TWICE = Sentence(gettext_noop("%(file)s has two columns of the same name. Rename one of them."))
NO_JSON = Sentence(
    gettext_noop("%(file)s is no JSON that can be read after annotation %(number)s: %(error)s. Export it again.")
)

NO_SOURCE = Sentence(gettext_noop("Say where the file comes from, so that its answers are known again."))
NO_MATCH = Sentence(gettext_noop("Subjects are told by “%(subject)s” or “%(metadata)sKEY”, not by “%(match)s”."))
NO_MEANING = Sentence(gettext_noop("A label means yes, no or unsure, or is left out; not “%(meaning)s”."))
ALL_LEFT_OUT = Sentence(
    gettext_noop("Every label is left out, so nothing would come in. Say what at least one of them means.")
)
