import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

# All runs of three characters in a name or its object, without case: what contains a text has all of the text's.
CREATE = """
CREATE FUNCTION name_trigrams(name text, object text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(part, place, 3)), '{}')
    FROM unnest(ARRAY[upper(name), CASE WHEN object <> name THEN upper(object) END]) AS part,
        generate_series(1, length(part) - 2) AS place
$$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0020_updated_at'),
    ]

    operations = [
        migrations.RunSQL(CREATE, "DROP FUNCTION name_trigrams"),
        migrations.AddIndex(
            model_name='subject',
            index=django.contrib.postgres.indexes.GinIndex(models.Func('external_id', 'object_group', function='name_trigrams', output_field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)), name='subject_name_trigrams'),
        ),
    ]
