from django.db import migrations

# The clock's time, not the transaction's: whoever follows changes by time must not miss those of long transactions.
CREATE = """
CREATE FUNCTION touch_updated_at() RETURNS trigger AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$ LANGUAGE plpgsql;
"""


class Migration(migrations.Migration):
    """Tables whose rows know when they last changed call this in a trigger (`webapp.core.touched`)."""

    dependencies = [("core", "0002_backups")]

    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION touch_updated_at")]
