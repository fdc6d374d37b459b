"""ASGI entry point of the web server; its few threads keep their database connections."""

from webapp.wsgi import application as site  # first: it sets up Django

# isort: split
from django.conf import settings

from webapp.core.disks import give_up_on_bucket_soon
from webapp.core.environment import env
from webapp.core.postgresql.time_limits import limit_statements
from webapp.front.server import Front
from webapp.front.threads import Threads

give_up_on_bucket_soon()
limit_statements(settings.WEB_STATEMENT_SECONDS, settings.WEB_LOCK_SECONDS)
threads = max(2, env.int("WEB_THREADS", 4))  # long downloads leave one for everything else
application = Front(
    site,
    Threads(threads, "web"),
    Threads(env.int("ANSWER_THREADS", 2), "answers"),
    streams=threads - 1,
)
