import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

TOUCH = """
CREATE TRIGGER touched BEFORE UPDATE ON review_ruling FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE FUNCTION touch_review_ruling() RETURNS trigger AS $$
BEGIN
    UPDATE review_ruling SET updated_at = clock_timestamp()
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.ruling_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.ruling_id END);
    RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER touched_by_review_secondopinion AFTER INSERT OR UPDATE OR DELETE ON review_secondopinion
    FOR EACH ROW EXECUTE FUNCTION touch_review_ruling();
"""
UNTOUCH = """
DROP TRIGGER touched ON review_ruling;
DROP TRIGGER touched_by_review_secondopinion ON review_secondopinion;
DROP FUNCTION touch_review_ruling();
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
            name='Case',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_on_hold', models.BooleanField(default=False)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), default=list, size=None)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('assignee', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='assigned_cases', to=settings.AUTH_USER_MODEL)),
                ('subject', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='case', to='archive.subject')),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='case_tags'), models.Index(condition=models.Q(('is_on_hold', True)), fields=['subject'], name='case_on_hold'), models.Index(models.F('updated_at'), models.F('id'), name='case_by_update')],
            },
        ),
        migrations.CreateModel(
            name='CaseEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('hold', 'put on hold'), ('release', 'released'), ('assign', 'assigned to'), ('unassign', 'unassigned'), ('tag', 'tagged'), ('untag', 'removed tag'), ('note', 'noted')], max_length=10)),
                ('text', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='review.case')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='OverviewVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('figures', models.JSONField()),
                ('seen_at', models.DateTimeField()),
                ('before', models.JSONField(blank=True, default=dict)),
                ('before_at', models.DateTimeField(null=True)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='archive.survey')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'survey'), name='one_overview_visit')],
            },
        ),
        migrations.CreateModel(
            name='Ruling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('yes', 'Yes'), ('no', 'No')], max_length=3)),
                ('label', models.CharField(blank=True, default='', help_text='a fine class, where one was given', max_length=20)),
                ('note', models.TextField(blank=True, default='')),
                ('consensus_posterior', models.FloatField(help_text='what the volunteers said then', null=True)),
                ('p_real', models.FloatField(help_text='what the champion said then', null=True)),
                ('previous_gold', models.CharField(blank=True, default='', help_text='what undo brings back', max_length=20)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('second_asked_at', models.DateTimeField(null=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='set by a trigger')),
                ('previous_source', models.CharField(blank=True, default='', help_text='where that came from', max_length=20)),
                ('scientist', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rulings', to=settings.AUTH_USER_MODEL)),
                ('second_asked_by', models.ForeignKey(help_text='a second opinion', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rulings', to='archive.subject')),
                ('withdrawn_by', models.ForeignKey(help_text='or replaced by', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rulings', to='workflows.workflow')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(models.F('updated_at'), models.F('id'), name='ruling_by_update')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('subject', 'workflow'), name='one_standing_ruling')],
            },
        ),
        migrations.CreateModel(
            name='SecondOpinion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('yes', 'Yes'), ('no', 'No')], max_length=3)),
                ('label', models.CharField(blank=True, default='', max_length=20)),
                ('note', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('ruling', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='opinions', to='review.ruling')),
                ('scientist', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='second_opinions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('ruling', 'scientist'), name='one_standing_opinion')],
            },
        ),
        migrations.CreateModel(
            name='SecondOpinionRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_wanted', models.BooleanField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ruling', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='second_opinion_requests', to='review.ruling')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.RunSQL(TOUCH, UNTOUCH),
    ]
