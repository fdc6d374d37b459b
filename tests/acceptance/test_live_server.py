"""Browser tests reach the site by address: a name would be looked up, and a lost question waits five seconds.

That is how long the tests wait for an answer to be stored, and one of them asks through `route.fetch()`, which looks
names up itself: beside other work it failed now and then.
"""

import socket
from urllib.parse import urlsplit


def test_no_name_is_looked_up_on_the_way_to_the_site(live_server):
    host = urlsplit(live_server.url).hostname
    assert socket.inet_pton(socket.AF_INET, host)
