"""ASGI entry point of the web server; its few threads keep their database connections."""

from webapp.wsgi import application as site  # first: it sets up Django

# isort: split
from django.conf import settings

from webapp.core.disks import give_up_on_bucket_soon
from webapp.core.postgresql.time_limits import limit_statements
from webapp.front.server import Front
from webapp.front.threads import Threads

give_up_on_bucket_soon()
limit_statements(settings.WEB_STATEMENT_SECONDS, settings.WEB_LOCK_SECONDS)
application = Front(
    site,
    Threads(settings.WEB_THREADS, "web"),
    Threads(settings.ANSWER_THREADS, "answers"),
    streams=settings.WEB_THREADS - 1,
)
