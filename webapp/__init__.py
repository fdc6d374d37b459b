"""The site.

Importing it makes hundreds of thousands of objects that stay. Searching them for garbage would take a quarter of each
start, so the search pauses until `webapp.core.apps`.
"""

import gc

gc.disable()
