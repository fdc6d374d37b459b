"""The site's secret key where the environment names none: made once, kept in the data folder."""

import os
import secrets
from pathlib import Path


def secret_key(data: Path) -> str:
    """Return the key in `data`/secret-key, making it (readable by its owner alone) at the first start."""
    path = data / "secret-key"
    data.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text()
