"""A request as WSGI describes it."""

import sys
from typing import Any

Scope = dict[str, Any]


def environ_of(scope: Scope) -> dict[str, Any]:
    """Return the WSGI environment of an ASGI request, still without its body."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": str(host),
        "SERVER_PORT": str(port or 0),
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in _headers(scope):
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    return environ


def _headers(scope: Scope) -> list[tuple[str, str]]:
    """Return the headers as variables; one with an underscore is left out, which could pass for a proxy's."""
    found = []
    for name, value in scope["headers"]:
        said = name.decode("latin-1")
        if "_" not in said:
            variable = said.upper().replace("-", "_")
            plain = variable in ("CONTENT_TYPE", "CONTENT_LENGTH")
            found.append((variable if plain else f"HTTP_{variable}", value.decode("latin-1")))
    return found
