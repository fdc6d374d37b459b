"""ASGI entry point of the web server; its few threads keep their database connections."""

from concurrent.futures import ThreadPoolExecutor

from webapp.wsgi import application as site  # first: it sets up Django

# isort: split
from webapp.core.environment import env
from webapp.front.server import Front

threads = env.int("WEB_THREADS", 4)
application = Front(
    site,
    ThreadPoolExecutor(threads, thread_name_prefix="web"),
    ThreadPoolExecutor(env.int("ANSWER_THREADS", 2), thread_name_prefix="answers"),
    streams=max(1, threads - 1),  # so that downloads leave a thread for everything else
)
