"""What the web server calls. Views are loaded before the first request, which would otherwise wait seconds for them."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  # to ask for them is to load them
