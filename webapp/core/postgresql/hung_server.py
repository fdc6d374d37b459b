"""Give up connections to a database server that hangs, whose statements would never end.

Its machine still acknowledges what it is sent, so TCP's time limits don't apply, and its own limits hang with it. A
connection that waits for a while may also wait for a long statement: whether the server lives, a new connection tells.
"""

import logging
import os
import select
import socket
import threading
import time
from contextlib import closing, suppress
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg.pq import TransactionStatus

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
"""Seconds between two looks; what waits at both may hang."""
ASK_SECONDS = 8
"""A server that takes no new connection in this time, and answers nothing, hangs."""

Connection = psycopg.Connection[object]
_watched: WeakSet[Connection] = WeakSet()
_lock = threading.Lock()
_threads: list[threading.Thread] = []


def watch(connection: Connection) -> None:
    """Let the statements of this connection fail once its server hangs."""
    with _lock:
        _watched.add(connection)
        if not _threads:
            _threads.append(threading.Thread(target=_look, name="watch of the database", daemon=True))
            _threads[0].start()


def _forget() -> None:
    """Begin anew in a child process: the connections are its parent's, whose thread it does not have."""
    global _lock  # another thread may have held it
    _lock = threading.Lock()
    _watched.clear()
    _threads.clear()


os.register_at_fork(after_in_child=_forget)


def _look() -> None:
    before: set[Connection] = set()
    while True:
        time.sleep(LOOK_EVERY)
        try:
            before = end_hung(before)
        except Exception as error:  # a connection that was closed meanwhile, say
            log.debug("The watch of the database looks again: %r", error)


def end_hung(before: set[Connection]) -> set[Connection]:
    """Shut down what waited `before`, still waits, and whose server hangs; return the connections that wait now."""
    with _lock:
        watched = set(_watched)
    waiting = set(filter(_waits, watched))
    servers = {_server(each): each for each in waiting & before}
    for server, connection in servers.items():
        if not answers(connection):
            log.warning("The database server %s hangs; its connections are given up.", server)
            for each in watched:
                if not each.closed and _server(each) == server and (_waits(each) or _is_remote(each)):
                    _shut_down(each)
    return waiting


def _waits(connection: Connection) -> bool:
    return not connection.closed and connection.pgconn.transaction_status == TransactionStatus.ACTIVE


def _server(connection: Connection) -> tuple[str, int]:
    return connection.info.host, connection.info.port


def _is_remote(connection: Connection) -> bool:
    """Return whether the server is not ours: ours is started anew if it hangs, and what still works goes on."""
    return not connection.info.host.startswith("/")


def answers(connection: Connection) -> bool:
    """Return whether the connection's server answers a new one; a refusal is an answer."""
    info = connection.info
    asked: dict[str, Any] = {**info.get_parameters(), "host": info.host, "port": info.port, "password": info.password}
    asked["connect_timeout"] = ASK_SECONDS
    for name in ("hostaddr", "target_session_attrs", "options"):
        asked.pop(name, None)
    try:
        with closing(psycopg.connect(**asked)) as fresh:
            fresh.pgconn.send_query(b"SELECT 1")
            return bool(select.select([fresh.fileno()], [], [], ASK_SECONDS)[0])
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.OperationalError:
        return True


def _shut_down(connection: Connection) -> None:
    """Let whoever waits for an answer read the end of the connection."""
    with suppress(OSError, psycopg.OperationalError), socket.socket(fileno=os.dup(connection.fileno())) as ended:
        ended.shutdown(socket.SHUT_RDWR)
