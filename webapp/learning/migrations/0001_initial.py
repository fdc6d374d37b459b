import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import webapp.core.stored_messages
from django.conf import settings
from django.db import migrations, models

TOUCH = """
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
UNTOUCH = """
DROP TRIGGER touched ON learning_trainingrun;
DROP TRIGGER touched ON learning_checkpoint;
DROP TRIGGER touched_by_learning_evaluation ON learning_evaluation;
DROP FUNCTION touch_learning_checkpoint();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        ('archive', '0001_initial'),
        ('workflows', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('stamp', 'Stamp'), ('tracklet', 'Tracklet'), ('trail', 'Trail detector'), ('cube', 'Cube detector')], max_length=10)),
                ('folder', models.CharField(help_text='below the data folder', max_length=200)),
                ('sha256', models.CharField(max_length=64)),
                ('manifest', models.JSONField()),
                ('is_champion', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='checkpoints', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ExternalScorer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('address', models.CharField(max_length=400)),
                ('secret', models.CharField(max_length=200, validators=[django.core.validators.MinLengthValidator(16)])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('registered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='external_scorers', to='workflows.workflow')),
            ],
            options={
                'ordering': ['workflow', 'name'],
                'constraints': [models.UniqueConstraint(fields=('workflow', 'name'), name='one_external_scorer_per_name')],
            },
        ),
        migrations.CreateModel(
            name='FirstBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('token', models.UUIDField(blank=True, editable=False, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('done', models.PositiveBigIntegerField(default=0)),
                ('total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('message', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('error', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('pool', models.PositiveBigIntegerField(help_text='entries of the queue when it was started')),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='first_batches', to='workflows.workflow')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['queued', 'running'])), fields=('workflow',), name='one_open_first_batch')],
            },
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', webapp.core.stored_messages.MessageField()),
                ('is_rollback', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('checkpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='promotions', to='learning.checkpoint')),
                ('previous', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='learning.checkpoint')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Score',
            fields=[
                ('pk', models.CompositePrimaryKey('checkpoint_id', 'subject_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('probabilities', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), help_text="by class, in the checkpoint's order", size=None)),
                ('p_real', models.FloatField(help_text='probability of a real mover')),
                ('entropy', models.FloatField(help_text='nats, of real against bogus')),
                ('checkpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='learning.checkpoint')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='archive.subject')),
            ],
            options={
                'indexes': [models.Index(models.F('checkpoint'), models.F('p_real'), models.F('subject'), name='score_by_p_real')],
            },
        ),
        migrations.CreateModel(
            name='ScoringRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('token', models.UUIDField(blank=True, editable=False, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('done', models.PositiveBigIntegerField(default=0)),
                ('total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('message', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('error', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('checkpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scoring_runs', to='learning.checkpoint')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scoring_runs', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ScoringShard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('token', models.UUIDField(blank=True, editable=False, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('done', models.PositiveBigIntegerField(default=0)),
                ('total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('message', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('error', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('zarr_array', models.CharField(max_length=80)),
                ('start', models.PositiveBigIntegerField()),
                ('stop', models.PositiveBigIntegerField()),
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shards', to='learning.scoringrun')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'zarr_array', 'start'), name='one_shard_per_range')],
            },
        ),
        migrations.CreateModel(
            name='TestSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=10)),
                ('hash', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('nights', models.JSONField(default=list, help_text='observing nights kept out of training, by the MJD of their beginning')),
                ('is_current', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('groups', models.JSONField(default=list, help_text='object groups kept out of training so that no answer has too few')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='test_sets', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_current', True)), fields=('survey', 'kind'), name='one_current_test_set')],
            },
        ),
        migrations.CreateModel(
            name='Evaluation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('metrics', models.JSONField()),
                ('difference', models.FloatField(help_text="ROC AUC, less the champion's", null=True)),
                ('difference_low', models.FloatField(help_text='2.5 % of the bootstrap', null=True)),
                ('difference_high', models.FloatField(help_text='97.5 % of the bootstrap', null=True)),
                ('passed', models.BooleanField(default=False)),
                ('verdict', webapp.core.stored_messages.MessageField(help_text='why it passed the gate, or did not')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('champion', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='learning.checkpoint')),
                ('checkpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='evaluations', to='learning.checkpoint')),
                ('test_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evaluations', to='learning.testset')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'test_set'), name='one_evaluation_per_test_set')],
            },
        ),
        migrations.CreateModel(
            name='TrainingRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('token', models.UUIDField(blank=True, editable=False, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('done', models.PositiveBigIntegerField(default=0)),
                ('total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('message', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('error', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('role', models.CharField(choices=[('stamp', 'Stamp'), ('tracklet', 'Tracklet'), ('trail', 'Trail detector'), ('cube', 'Cube detector')], max_length=10)),
                ('preset', models.CharField(choices=[('head', 'Frozen features, new head (seconds)'), ('finetune', 'Fine-tune the whole network (minutes)'), ('small', 'Small residual network (minutes)'), ('detector', 'Detector of trails or of movers in cubes (minutes)'), ('external', 'External scorer')], default='head', max_length=10)),
                ('minutes', models.FloatField(blank=True, help_text='stop after this long', null=True, validators=[django.core.validators.MinValueValidator(0.01)])),
                ('seed', models.PositiveIntegerField(default=0)),
                ('is_control', models.BooleanField(default=False, help_text='its model stays a shadow, whatever the gate says')),
                ('cross_validate', models.BooleanField(default=False, help_text='also score each label by a model that has not seen it; six times as long')),
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('reason', webapp.core.stored_messages.MessageField(blank=True, default='', help_text='why the schedule started it')),
                ('resumed_at', models.PositiveIntegerField(help_text='epoch at which the newest attempt went on', null=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger')),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('scorer', models.ForeignKey(help_text='evaluated, not trained', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='learning.externalscorer')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='training_runs', to='archive.survey')),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='training_runs', to='workflows.workflow')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='TrainingEpoch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempt', models.PositiveIntegerField()),
                ('epoch', models.PositiveIntegerField()),
                ('epochs', models.PositiveIntegerField()),
                ('loss', models.FloatField()),
                ('val_loss', models.FloatField(null=True)),
                ('metrics', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='epochs', to='learning.trainingrun')),
            ],
            options={
                'ordering': ['attempt', 'epoch'],
                'constraints': [models.UniqueConstraint(fields=('run', 'attempt', 'epoch'), name='one_row_per_epoch')],
            },
        ),
        migrations.AddField(
            model_name='checkpoint',
            name='run',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='checkpoint', to='learning.trainingrun'),
        ),
        migrations.CreateModel(
            name='TrainingSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.CharField(help_text="blake2b of the labels; also the file's name", max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('new_labels', models.PositiveIntegerField(default=0, help_text='more than the set before')),
                ('sources', models.JSONField(default=dict, help_text='labels by source: ruling, gold, consensus')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='training_sets', to='workflows.workflow')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('workflow', 'hash'), name='one_row_per_training_set')],
            },
        ),
        migrations.AddField(
            model_name='trainingrun',
            name='training_set',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='learning.trainingset'),
        ),
        migrations.CreateModel(
            name='Detection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(help_text='0 for the surest in its subject')),
                ('frame', models.PositiveSmallIntegerField(help_text='0 for the first')),
                ('x1', models.FloatField(help_text='pixels; the centre of the first is 0')),
                ('y1', models.FloatField()),
                ('x2', models.FloatField()),
                ('y2', models.FloatField()),
                ('score', models.FloatField(help_text='how sure the model is, 0 to 1')),
                ('checkpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='finds', to='learning.checkpoint')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='finds', to='archive.subject')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'subject', 'position'), name='one_find_per_position')],
            },
        ),
        migrations.CreateModel(
            name='DriftAlarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('night', models.IntegerField(help_text='MJD')),
                ('index', models.FloatField(help_text='population stability index against the reference')),
                ('subjects', models.PositiveIntegerField()),
                ('is_answered', models.BooleanField(default=False, help_text='a training run was started for it')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('checkpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drift_alarms', to='learning.checkpoint')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'night'), name='one_drift_alarm_per_night')],
            },
        ),
        migrations.CreateModel(
            name='Explanation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('token', models.UUIDField(blank=True, editable=False, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('done', models.PositiveBigIntegerField(default=0)),
                ('total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('message', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('error', webapp.core.stored_messages.MessageField(blank=True, default='')),
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('p_real', models.FloatField(null=True)),
                ('detections', models.JSONField(default=list)),
                ('without', models.JSONField(default=list)),
                ('occlusion', models.JSONField(default=list)),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('checkpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='learning.checkpoint')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='archive.subject')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'subject'), name='one_explanation_per_model_and_subject')],
            },
        ),
        migrations.AddConstraint(
            model_name='checkpoint',
            constraint=models.UniqueConstraint(condition=models.Q(('is_champion', True)), fields=('survey', 'role'), name='one_champion_per_role'),
        ),
        migrations.RunSQL(TOUCH, UNTOUCH),
    ]
