import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.math
import webapp.core.stored_messages
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('archive', '0001_initial'),
        ('volunteers', '0001_initial'),
        ('workflows', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Aggregation',
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
                ('version', models.PositiveIntegerField(null=True)),
                ('votes', models.PositiveBigIntegerField(default=0)),
                ('subjects', models.PositiveIntegerField(default=0)),
                ('voters', models.PositiveIntegerField(default=0)),
                ('iterations', models.PositiveSmallIntegerField(default=0)),
                ('has_converged', models.BooleanField(default=False)),
                ('log_likelihood', models.FloatField(null=True)),
                ('share_yes', models.FloatField(help_text='of the subjects', null=True)),
                ('disagreements', models.PositiveIntegerField(default=0, help_text='subjects that come out the other way live')),
                ('traceback', models.TextField(blank=True, default='', editable=False, help_text='of the exception that failed it')),
                ('fruitless', models.PositiveSmallIntegerField(default=0, help_text='attempts since one got further than all before')),
                ('furthest', models.PositiveBigIntegerField(default=0, help_text='the largest `done` that an earlier attempt reached')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aggregations', to='workflows.workflow')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('workflow', 'version'), name='one_aggregation_per_version'), models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('workflow',), name='one_aggregation_waits_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='AggregatedPosterior',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('posterior', models.FloatField(help_text='probability of yes')),
                ('live', models.FloatField(help_text="the consensus' posterior then")),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='archive.subject')),
                ('aggregation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='posteriors', to='consensus.aggregation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('aggregation', 'subject'), name='one_posterior_per_aggregation')],
            },
        ),
        migrations.CreateModel(
            name='Consensus',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('votes_yes', models.PositiveIntegerField(default=0)),
                ('votes_no', models.PositiveIntegerField(default=0)),
                ('votes_unsure', models.PositiveIntegerField(default=0)),
                ('follow_ups', models.JSONField(default=dict, help_text='votes by follow-up answer')),
                ('log_odds_micronats', models.BigIntegerField(db_default=0, default=0, help_text='of all votes, millionths of a nat for yes')),
                ('posterior', models.FloatField(help_text='probability of yes')),
                ('method', models.CharField(choices=[('majority', 'Majority'), ('swap-one-coin', 'Swap One Coin'), ('swap-two-coin', 'Swap Two Coin')], max_length=20)),
                ('version', models.PositiveIntegerField(default=1, help_text='counts the updates')),
                ('is_retired', models.BooleanField(default=False)),
                ('retired_reason', models.CharField(blank=True, choices=[('classification_count', 'number of votes'), ('consensus', 'consensus'), ('flagged', 'flagged'), ('nothing_here', 'nothing here'), ('human', 'scientist’s verdict'), ('other', 'sent to experts')], default='', max_length=20)),
                ('retired_at', models.DateTimeField(null=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('p_before', models.FloatField(help_text="its predecessor's", null=True)),
                ('p_model', models.FloatField(help_text="the champion's probability of yes", null=True)),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consensus', to='archive.subject')),
                ('workflow', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='consensus', to='workflows.workflow')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('is_retired', True), ('method', 'majority'), ('log_odds_micronats__gte', 2197225), ('log_odds_micronats__lte', -2197225), _connector='OR'), fields=['workflow', 'updated_at'], name='consensus_labels'), models.Index(fields=['workflow', 'retired_at'], name='consensus_c_workflo_fef981_idx'), models.Index(models.F('workflow'), django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('votes_yes'), '+', models.F('votes_no')), '+', models.F('votes_unsure')), models.F('id'), name='consensus_by_votes'), models.Index(models.F('workflow'), django.db.models.functions.comparison.Coalesce(django.db.models.expressions.CombinedExpression(django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Greatest('votes_yes', 'votes_no', 'votes_unsure'), models.FloatField()), '/', django.db.models.functions.comparison.NullIf(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('votes_yes'), '+', models.F('votes_no')), '+', models.F('votes_unsure')), models.Value(0))), models.Value(0.0), output_field=models.FloatField()), models.F('id'), name='consensus_by_agreement'), models.Index(models.F('workflow'), models.F('posterior'), models.F('id'), name='consensus_by_posterior'), models.Index(models.F('workflow'), django.db.models.functions.comparison.Coalesce(django.db.models.expressions.CombinedExpression(django.db.models.functions.comparison.Cast(models.F('votes_unsure'), models.FloatField()), '/', django.db.models.functions.comparison.NullIf(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('votes_yes'), '+', models.F('votes_no')), '+', models.F('votes_unsure')), models.Value(0))), models.Value(0.0), output_field=models.FloatField()), models.F('id'), name='consensus_by_undecided'), models.Index(models.F('workflow'), models.F('updated_at'), models.F('id'), name='consensus_by_update'), models.Index(models.F('workflow'), models.F('p_model'), models.F('id'), name='consensus_by_model'), models.Index(models.F('workflow'), django.db.models.functions.math.Abs(django.db.models.expressions.CombinedExpression(models.F('posterior'), '-', models.F('p_model'))), models.F('id'), name='consensus_by_gap'), models.Index(models.F('workflow'), models.Func(models.F('subject_id'), models.Value(0), function='hashint8extended', output_field=models.BigIntegerField()), models.F('id'), name='consensus_at_random'), models.Index(condition=models.Q(('p_model__gte', 0.5), ('posterior__gte', 0.5)), fields=['workflow', 'posterior', 'id'], include=('subject', 'p_model', 'votes_yes', 'votes_no', 'votes_unsure', 'updated_at'), name='consensus_agreed'), models.Index(models.F('workflow'), django.db.models.functions.comparison.Coalesce(django.db.models.expressions.CombinedExpression(django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Greatest('votes_yes', 'votes_no', 'votes_unsure'), models.FloatField()), '/', django.db.models.functions.comparison.NullIf(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('votes_yes'), '+', models.F('votes_no')), '+', models.F('votes_unsure')), models.Value(0))), models.Value(0.0), output_field=models.FloatField()), models.F('id'), condition=models.Q(('votes_no__gte', 1), ('votes_yes__gte', 1)), name='consensus_split'), models.Index(models.F('workflow'), django.db.models.functions.math.Abs(django.db.models.expressions.CombinedExpression(models.F('p_model'), '-', models.F('p_before'))), models.F('id'), condition=models.Q(models.Q(('p_before__lt', 0.5), ('p_model__gte', 0.5)), models.Q(('p_before__gte', 0.5), ('p_model__lt', 0.5)), _connector='OR'), name='consensus_changed')],
                'constraints': [models.UniqueConstraint(fields=('workflow', 'subject'), name='one_consensus_per_subject')],
            },
        ),
        migrations.CreateModel(
            name='ConsensusRecompute',
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
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recomputes', to='workflows.workflow')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Skill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('true_yes_said_yes', models.PositiveIntegerField(db_default=0, default=0)),
                ('true_yes_said_no', models.PositiveIntegerField(db_default=0, default=0)),
                ('true_yes_said_unsure', models.PositiveIntegerField(db_default=0, default=0)),
                ('true_no_said_yes', models.PositiveIntegerField(db_default=0, default=0)),
                ('true_no_said_no', models.PositiveIntegerField(db_default=0, default=0)),
                ('true_no_said_unsure', models.PositiveIntegerField(db_default=0, default=0)),
                ('is_trusted', models.BooleanField(db_default=True, default=True, help_text='answers of others weigh nothing')),
                ('revision', models.PositiveIntegerField(db_default=0, default=0, help_text='how often the past was judged anew')),
                ('applied_revision', models.PositiveIntegerField(db_default=0, default=0, help_text='how often it had been when their answers were last weighed')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='skills', to='volunteers.volunteer')),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='skills', to='workflows.workflow')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('revision__gt', models.F('applied_revision'))), fields=['workflow', 'volunteer'], name='skills_to_weigh')],
                'constraints': [models.UniqueConstraint(fields=('volunteer', 'workflow'), name='one_skill_per_workflow')],
            },
        ),
    ]
