"""Check a kept connection without a round trip, since a server that closed it has sent something; watch each one."""

import select
from typing import Any

from django.db.backends.postgresql import base

from webapp.core.postgresql import hung_server


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend, which would otherwise send `SELECT 1` at the start of each request, and wait for ever."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        hung_server.watch(connection)
        self.kept_cursors: dict[str, Any] = {}  # by statement, of `webapp.core.sql`
        return connection

    def is_usable(self) -> bool:
        """Return whether the connection works.

        Between two requests, a server has no reason to speak unless it closes the connection (a restart, an
        administrator's command, a failover). Only if there is something to read does a statement find out what.
        """
        if self.connection is None or self.connection.closed:
            return False
        socket = select.poll()
        socket.register(self.connection.fileno(), select.POLLIN)
        return not socket.poll(0) or super().is_usable()
