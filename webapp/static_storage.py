"""Static files under names that hold their hash, so that browsers may keep them for good."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OUR_MODULES = "volunteers/classify/*.js"


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Renames what our ES modules import too: else a page would mix new modules with remembered old ones.

    Only ours: Django's search for imports stumbles over other people's minified scripts.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        OUR_MODULES,
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]
    )
