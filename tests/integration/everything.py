"""One row of everything, all with the same key, so that every address with a key leads to something."""

from datetime import UTC, datetime, timedelta

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tests.integration.people import account, member
from webapp.archive.models import Role, Survey
from webapp.volunteers.models import Volunteer

KEY = 4711
NAME = "night"
CLASSIFICATION = "8c6e3b2e-0000-4000-8000-000000000000"
DIGEST = "d" * 32
TOKEN = "t" * 20
ROOMS = [config.label for config in apps.get_app_configs() if config.name.startswith("webapp.")]

SPECIAL = {
    "archive.Survey": {"classes": ["AST", "CR"], "positive": ["AST"], "open_metadata": ["site"]},
    "archive.Subject": {"kind": "stamp", "zarr_array": "1x1x8x8-float32", "checksum": DIGEST, "metadata": {}},
    "archive.Footprint": {"lows": [1], "highs": [2]},
    "workflows.Workflow": {"kind": "stamp", "is_active": True},
    "community.Block": {"blocked": lambda: Volunteer.objects.create()},
    "community.Comment": {"thread_id": KEY, "author_id": KEY},
    "community.Group": {"token": TOKEN, "token_until": timezone.now() + timedelta(days=1)},
    "community.ModeratorAction": {"author_id": KEY, "comment_id": KEY},
    "guides.GuideText": {"kind": "help", "language": "en"},
    "guides.GuideImage": {"digest": DIGEST, "content_type": "image/png"},
    "guides.Translation": {"language": "de"},
    "imports.ClassificationImport": {"options": {"answers": {}}},
    "learning.Checkpoint": {"manifest": {}},
    "learning.TestSet": {"kind": "stamp"},
    "queue.Lease": {"volunteer_id": KEY},
    "quality.QualityFlag": {"kind": "speed"},
}
"""Values of fields that are not required, or that the rules of a row demand."""


def make_everything() -> Survey:
    """Make one row of each model of the site, whatever its other rows are: a new model needs no line here."""
    owner = account("owner", pk=KEY, email="owner@example.org")
    made: dict[type[models.Model], models.Model] = {User: owner}
    for model in apps.get_models():
        if model._meta.app_label in ROOMS:
            _make(model, made)
    survey = made[Survey]
    assert isinstance(survey, Survey)
    return survey


def make_people(survey: Survey) -> dict[str, User]:
    """Make an account of each role, one without any, an admin of another survey, and an administrator of the site."""
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    people = {
        "stranger": account("stranger"),
        **{str(role): member(survey, role) for role in Role},
        "admin elsewhere": member(elsewhere, "admin"),
        "administrator": account("administrator", is_superuser=True),
    }
    Volunteer.objects.bulk_create(Volunteer(user=user) for user in people.values())  # else a first visit stores one
    return people


def _make(model: type[models.Model], made: dict[type[models.Model], models.Model]) -> models.Model:
    if model in made:
        return made[model]
    special = {
        name: value() if callable(value) else value for name, value in SPECIAL.get(model._meta.label, {}).items()
    }
    values = {field.name: _value(field, made) for field in model._meta.concrete_fields if _is_required(field, special)}
    for name in special:
        if name.endswith("_id"):
            related = model._meta.get_field(name.removesuffix("_id")).related_model
            assert isinstance(related, type)
            _make(related, made)
    key = {"pk": KEY} if isinstance(model._meta.pk, models.AutoField | models.BigAutoField) else {}
    made[model] = model._default_manager.create(**(key | values | special))
    return made[model]


def _is_required(field: models.Field, special: dict[str, object]) -> bool:
    is_given = field.name in special or field.attname in special
    is_filled = field.has_default() or getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    is_optional = field.null or (field.blank and not field.is_relation) or field.generated
    is_key = isinstance(field, models.AutoField | models.BigAutoField | models.CompositePrimaryKey)
    return not (is_given or is_filled or is_optional or is_key)


def _value(field: models.Field, made: dict[type[models.Model], models.Model]) -> object:
    if field.is_relation:
        return _make(field.related_model, made)
    if field.choices:
        return field.choices[0][0]
    by_type = {
        models.SlugField: NAME,
        models.UUIDField: CLASSIFICATION,
        models.DateTimeField: datetime(2200, 1, 1, tzinfo=UTC),
        models.FloatField: 0.5,
        models.IntegerField: 1,
        models.BooleanField: False,
        models.BinaryField: b"x",
        models.JSONField: {},
        ArrayField: [],
    }
    return next((value for kind, value in by_type.items() if isinstance(field, kind)), NAME)
