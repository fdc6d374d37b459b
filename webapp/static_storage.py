"""Static files under names that hold their hash, so that browsers may keep them for good."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = ("site", "volunteers", "community", "consensus", "learning", "review")
IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined]


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Renames what our ES modules import too: else a page would mix new modules with remembered old ones.

    Only ours: Django's search for imports stumbles over other people's minified scripts.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *((f"{room}/*.js", IMPORTS) for room in OURS),
    )
