import django.contrib.postgres.fields
from django.db import migrations, models

# Tables whose rows know when they last changed call this in a trigger (`webapp.core.touched`). The clock's time, not the
# transaction's: whoever follows changes by time must not miss those of long transactions.
TOUCH = """
CREATE FUNCTION touch_updated_at() RETURNS trigger AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$ LANGUAGE plpgsql;
"""

# As Django's `createcachetable` does: the table of webapp.core.shared_cache.
CACHE = """
CREATE TABLE core_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX core_cache_expires ON core_cache (expires);
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Backup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.TextField()),
                ('name', models.CharField(max_length=40)),
                ('finished_at', models.DateTimeField(auto_now_add=True)),
                ('files', models.PositiveBigIntegerField()),
                ('size', models.PositiveBigIntegerField(help_text='bytes, before duplicates are left out')),
            ],
        ),
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('process', models.CharField(choices=[('beat', 'Beat'), ('worker', 'Worker'), ('alerts', 'Alerts')], max_length=10, primary_key=True, serialize=False)),
                ('seen_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='RateCount',
            fields=[
                ('key', models.CharField(help_text='SHA-256 of whose rate it is, and of what', max_length=64, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField(help_text='of the window, since 1970')),
                ('taken', models.PositiveIntegerField()),
                ('taken_before', models.PositiveIntegerField()),
                ('ends_at', models.DateTimeField(db_index=True, help_text='when it may be deleted')),
            ],
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('name', models.CharField(help_text='its host, and the number of its process', max_length=300, primary_key=True, serialize=False)),
                ('queues', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None)),
                ('seen_at', models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(TOUCH, "DROP FUNCTION touch_updated_at"),
        migrations.RunSQL(CACHE, "DROP TABLE core_cache"),
    ]
