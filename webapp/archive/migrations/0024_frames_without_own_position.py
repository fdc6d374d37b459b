"""Forget the positions of frames that got their subject's, all the same: they made a mover stand still."""

from django.db import migrations

FORGET = """
    WITH still AS (
        SELECT subject_id FROM archive_frame GROUP BY subject_id
        HAVING count(*) > 1 AND count(ra) = count(*) AND min(ra) = max(ra) AND min(dec) = max(dec)
    ), unfitted AS (
        UPDATE archive_subject SET fitted_rate = NULL FROM still WHERE id = still.subject_id
    )
    UPDATE archive_frame AS frame SET ra = NULL, dec = NULL FROM still WHERE frame.subject_id = still.subject_id
"""


class Migration(migrations.Migration):
    dependencies = [("archive", "0023_fitted_rate")]

    operations = [migrations.RunSQL(FORGET, migrations.RunSQL.noop)]
