"""WSGI entry point; views are imported before the first request, which would otherwise be slow."""

import gc
import multiprocessing
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from webapp.console.processes import die_with_parent
from webapp.core.telemetry import start_traces

if multiprocessing.parent_process() is not None:  # a granian worker, which would keep the port of its dead parent
    die_with_parent()

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
start_traces("web")
application = get_wsgi_application()
gc.disable()  # as in webapp/__init__.py
get_resolver().url_patterns  # noqa: B018  # to ask for them is to load them
gc.freeze()
gc.enable()
