"""Messages of ingest jobs."""

from webapp.core.stored_messages import Sentence

NOTHING_READ = Sentence("Nothing could be read. %(problem)s")
ALL_BAD = Sentence("Nothing could be read. All %(count)s rows or files are bad; the first: %(problem)s")
NOT_INGESTED = Sentence("%(problem)s Nothing was ingested.")
NOT_INGESTED_FURTHER = Sentence("%(problem)s Nothing more was ingested.")
OTHER_PIXELS = Sentence(
    "has the name %(name)s, as another image has. The first is kept. If this is another detection, give it a name "
    "of its own."
)
IN_ROW = Sentence("%(file)s row %(row)s: %(problem)s")
