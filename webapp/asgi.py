"""ASGI entry point of the web server; its few threads keep their database connections."""

from concurrent.futures import ThreadPoolExecutor

from webapp.wsgi import application as site  # first: it sets up Django

# isort: split
from webapp.core.environment import env
from webapp.front.server import Front

application = Front(
    site,
    ThreadPoolExecutor(env.int("WEB_THREADS", 4), thread_name_prefix="web"),
    ThreadPoolExecutor(env.int("ANSWER_THREADS", 2), thread_name_prefix="answers"),
)
