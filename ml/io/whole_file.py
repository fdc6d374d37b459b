"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield the path to write a file to, which has its name only once it is complete.

    After an error or Ctrl-C, an earlier file of that name is as before. A link, a pipe or a device such as /dev/stdout
    is not replaced: it is written itself.

    Raises OSError, which names `path`, if the file cannot be written.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        yield path
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        if error.filename == str(partial):
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)
