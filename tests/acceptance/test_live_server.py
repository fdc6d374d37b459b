"""Browser tests use the site's IP address, since a lost name lookup waits five seconds.

That is the tests' own timeout for storing an answer, and one of them uses `route.fetch()`, which looks up names itself:
on a busy machine it failed now and then.
"""

import socket
from urllib.parse import urlsplit


def test_no_name_is_looked_up_on_the_way_to_the_site(live_server):
    host = urlsplit(live_server.url).hostname
    assert socket.inet_pton(socket.AF_INET, host)
