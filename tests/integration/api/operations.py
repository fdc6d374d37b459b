"""Every operation of the API, by its method and path, as schemathesis calls it."""

import schemathesis
from drf_spectacular.generators import SchemaGenerator

from webapp.wsgi import application

SCHEMA = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
SCHEMA.app = application
OPERATIONS = {operation.label: operation for operation in (found.ok() for found in SCHEMA.get_all_operations())}
