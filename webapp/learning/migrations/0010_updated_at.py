import django.db.models.functions.datetime
from django.db import migrations, models

CREATE = """
CREATE TRIGGER touched BEFORE UPDATE ON learning_trainingrun FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touched BEFORE UPDATE ON learning_checkpoint FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE FUNCTION touch_learning_checkpoint() RETURNS trigger AS $$
BEGIN
    UPDATE learning_checkpoint SET updated_at = clock_timestamp()
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.checkpoint_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.checkpoint_id END);
    RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER touched_by_learning_evaluation AFTER INSERT OR UPDATE OR DELETE ON learning_evaluation
    FOR EACH ROW EXECUTE FUNCTION touch_learning_checkpoint();
"""
DROP = """
DROP TRIGGER touched ON learning_trainingrun;
DROP TRIGGER touched ON learning_checkpoint;
DROP TRIGGER touched_by_learning_evaluation ON learning_evaluation;
DROP FUNCTION touch_learning_checkpoint();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_touch_updated_at'),
        ('learning', '0009_score_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='checkpoint',
            name='updated_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger'),
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='updated_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger'),
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
