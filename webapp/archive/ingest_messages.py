"""Messages of ingest jobs."""

from django.utils.translation import gettext_noop

from webapp.core.stored_messages import Sentence

NOTHING_READ = Sentence(gettext_noop("Nothing could be read. %(problem)s"))
ALL_BAD = Sentence(gettext_noop("Nothing could be read. All %(count)s rows or files are bad; the first: %(problem)s"))
NOT_INGESTED = Sentence(gettext_noop("%(problem)s Nothing was ingested."))
NOT_INGESTED_FURTHER = Sentence(gettext_noop("%(problem)s Nothing more was ingested."))
OTHER_PIXELS = Sentence(
    gettext_noop(
        "has the name %(name)s, as another image has. The first is kept. If this is another detection, give it a name "
        "of its own."
    )
)
IN_ROW = Sentence(gettext_noop("%(file)s row %(row)s: %(problem)s"))
