"""Files of a remote archive, fetched when a manifest's row needs them, each once; and HATS catalogues there.

An archive is a root such as https://archive.org/survey/ or s3://bucket/survey/ that the setting REMOTE_ARCHIVES allows.
"""

import hashlib
import re
import shutil
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

import fsspec
from django.conf import settings

from ml.io.hats import Catalogue, remote_catalogue
from ml.io.limits import size_in_words
from ml.io.message import Message
from ml.io.records import BadInput
from ml.io.safe_path import Files
from webapp.archive.models import IngestRun
from webapp.core.disks import is_disk_full
from webapp.core.download import Downloader, DownloadRefused, ServerDown

FOLDER = "remote"
MOST_CACHED = 8 * 1024**3
"""Bytes of files that are kept until the manifest is read; a file that was dropped for others is fetched again."""
LONGEST_NAME = 80
"""Bytes of a file's own name that its copy here keeps: the last ones, which say what it is."""
UNNAMEABLE = re.compile(r"[\0\ud800-\udfff]")
"""What no file's name has: JSON can write half a character."""


class ArchiveDown(Exception):
    """The archive does not answer; the problem is in `args`. What is ingested stays."""


def is_allowed(root: str) -> bool:
    """Return whether the settings allow to read from an address: it is one of REMOTE_ARCHIVES, or lies below one."""
    is_plain = not set("?#%@\\") & set(root) and ".." not in root
    return is_plain and any(f"{root}/".startswith(f"{each.rstrip('/')}/") for each in settings.REMOTE_ARCHIVES)


def is_address(path: str) -> bool:
    """Return whether a path is an address: of a HATS catalogue in a remote archive."""
    return "://" in path


@contextmanager
def sources(run: IngestRun) -> Iterator[tuple[Path | Catalogue, Files | None]]:
    """Yield what a run reads, and where the files are that it names (None for beside it); forget them afterwards."""
    with ExitStack() as stack:

        def fetched(root: str, name: str) -> RemoteFiles:
            return stack.enter_context(closing(RemoteFiles(root, f"ingest-{run.pk}{name}")))

        table = fetched(run.path, "-table") if is_address(run.path) else None
        named = remote_catalogue(PurePosixPath(run.path).name, table) if table else Path(run.path)
        yield named, fetched(run.root, "") if run.root else None


def forget_ended() -> None:
    """Delete what runs that are over have fetched: the last process of such a run was killed."""
    open_runs = set(IngestRun.objects.open().values_list("pk", flat=True))
    for folder in Path(settings.DATA, FOLDER).glob("ingest-*"):
        if int(folder.name.split("-")[1]) not in open_runs:
            shutil.rmtree(folder, ignore_errors=True)


class RemoteFiles:
    """The files below a root, as they were fetched for one run.

    Parameters
    ----------
    root
        Allowed by the settings (`is_allowed`).
    name
        Of the run: an interrupted one finds again what it has fetched.
    """

    def __init__(self, root: str, name: str) -> None:
        self._root = root.rstrip("/")
        self._cache = Path(settings.DATA) / FOLDER / name
        self._sizes: OrderedDict[Path, int] = OrderedDict()
        hosts = {urlsplit(each).hostname or "" for each in settings.REMOTE_ARCHIVES}
        self._downloader = Downloader(hosts, allow_private=settings.PRIVATE_SCORERS)

    def file(self, name: str) -> Path:
        """Return a file by its path below the root, fetching it unless it is here.

        Raises
        ------
        BadInput
            The name leads out of the root, or the file cannot be had.
        ArchiveDown
            See there.
        """
        leads_out = "://" in name or name.startswith(("/", "\\")) or ".." in name.split("/")
        if leads_out or UNNAMEABLE.search(name):
            raise BadInput("is not a path within the archive. Name the file from %(root)s.", root=self._root)
        ending = hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
        last = name.rpartition("/")[2].encode()[-LONGEST_NAME:].decode(errors="ignore")
        path = self._cache / f"{ending}-{last}"
        if not path.exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            self._fetch(name, path)
        self._sizes[path] = path.stat().st_size
        self._sizes.move_to_end(path)
        self._make_room()
        return path

    def close(self) -> None:
        """Delete what was fetched; what a killed run leaves, `forget_ended` does."""
        shutil.rmtree(self._cache, ignore_errors=True)

    def _fetch(self, name: str, path: Path) -> None:
        try:
            if self._root.startswith("s3://"):
                _from_bucket(f"{self._root}/{name}", path)
            else:
                self._downloader.download(f"{self._root}/{quote(name)}", path, settings.MAX_UPLOAD)
        except DownloadRefused as refused:
            raise BadInput("cannot be fetched: %(problem)s.", problem=refused) from refused
        except ServerDown as down:
            raise ArchiveDown(
                BadInput(
                    "The archive %(root)s does not answer (%(problem)s). Start again later to continue.",
                    root=self._root,
                    problem=down,
                )
            ) from down

    def _make_room(self) -> None:
        while len(self._sizes) > 1 and sum(self._sizes.values()) > MOST_CACHED:
            self._sizes.popitem(last=False)[0].unlink(missing_ok=True)


def _from_bucket(address: str, path: Path) -> None:
    part = path.with_name(f"{path.name}.partial")
    try:
        files, key = fsspec.url_to_fs(address)
        if files.size(key) > settings.MAX_UPLOAD:
            raise DownloadRefused(Message("it is larger than %(most)s", most=size_in_words(settings.MAX_UPLOAD)))
        files.get_file(key, str(part))
    except DownloadRefused:
        raise
    except (FileNotFoundError, PermissionError) as error:
        raise DownloadRefused(str(error)) from error
    except Exception as error:  # botocore's own: no credentials, no connection; or the extra `s3` is not installed
        if is_disk_full(error):
            raise
        raise ServerDown(f"{type(error).__name__} {error}") from error
    part.replace(path)
