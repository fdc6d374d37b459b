import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

HASH_EARLIER_TOKENS = """
DO $$ BEGIN
    IF to_regclass('authtoken_token') IS NOT NULL THEN
        INSERT INTO accounts_apitoken (user_id, name, digest, created_at)
            SELECT user_id, '', encode(sha256(convert_to(key, 'UTF8')), 'hex'), created FROM authtoken_token;
        DROP TABLE authtoken_token;
    END IF;
END $$
"""
"""Tokens of Django REST framework, which were stored as they are; they work on."""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_invitations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        blank=True, help_text="what it is for; blank: asked for by a program", max_length=80
                    ),
                ),
                ("digest", models.CharField(help_text="SHA-256, in hexadecimal", max_length=64, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["-id"]},
        ),
        migrations.RunSQL(HASH_EARLIER_TOKENS, migrations.RunSQL.noop),
    ]
