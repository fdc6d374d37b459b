import django.core.validators
import django.db.models.deletion
import webapp.workflows.gold_schedule
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('archive', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Workflow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(unique=True)),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('stamp', 'Stamp'), ('tracklet', 'Tracklet'), ('cutout', 'Cutout'), ('cube', 'Cube')], max_length=10)),
                ('question', models.CharField(max_length=200)),
                ('help_text', models.TextField(blank=True)),
                ('follow_ups', models.JSONField(blank=True, default=dict, help_text='{"no": ["CR", …], "yes": ["AST", …]}')),
                ('line_marking', models.BooleanField(default=False, help_text='volunteers mark trails with lines')),
                ('is_active', models.BooleanField(default=True)),
                ('undo_seconds', models.PositiveIntegerField(default=30, help_text='seconds in which an answer may be undone')),
                ('method', models.CharField(choices=[('majority', 'Majority'), ('swap-one-coin', 'Swap One Coin'), ('swap-two-coin', 'Swap Two Coin')], default='swap-two-coin', max_length=20)),
                ('prior', models.FloatField(default=0.5, help_text='share of yes that is expected', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('min_votes', models.PositiveSmallIntegerField(default=3, help_text='no retirement before this many')),
                ('max_votes', models.PositiveSmallIntegerField(default=10, help_text='retired at this many, settled or not')),
                ('majority', models.FloatField(default=0.8, help_text='fraction of the votes that retires', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('accept_threshold', models.FloatField(default=0.99, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('reject_threshold', models.FloatField(default=0.01, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('agreement', models.FloatField(blank=True, help_text='fraction of yes and no votes in agreement that also retires', null=True, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('agreement_votes', models.PositiveSmallIntegerField(default=5, help_text='minimum of yes and no votes for that')),
                ('empty_after_no_votes', models.PositiveSmallIntegerField(blank=True, help_text='number of first votes that, all no, retire as nothing here', null=True)),
                ('undecided_share', models.FloatField(blank=True, help_text='fraction of unsure votes from which experts look', null=True, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('undecided_votes', models.PositiveSmallIntegerField(default=5, help_text='minimum votes for that')),
                ('flags', models.PositiveSmallIntegerField(blank=True, help_text='number of people who report a broken picture that retires it as flagged', null=True)),
                ('random_fraction', models.FloatField(default=0.2, help_text='share drawn at random', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('training_schedule', models.JSONField(default=webapp.workflows.gold_schedule.usual_schedule, help_text='[[seen from, share of training subjects], …]', validators=[webapp.workflows.gold_schedule.check_schedule])),
                ('is_training', models.BooleanField(default=False, help_text='serves training subjects only')),
                ('level', models.PositiveSmallIntegerField(default=1, help_text='above 1, skill in the level below unlocks it', validators=[django.core.validators.MinValueValidator(1)])),
                ('required_skill', models.FloatField(default=0.8, help_text='certain sensitivity and specificity that unlock it', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('reveal_model_score', models.BooleanField(default=False, help_text='tell what the model thinks, after the answer')),
                ('min_new_labels', models.PositiveIntegerField(blank=True, help_text='new labels that start a training run', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('acquisition', models.CharField(choices=[('diverse', 'Diverse'), ('uncertain', 'Uncertain'), ('vote', 'Vote'), ('nightly', 'Nightly'), ('disagree', 'Disagreement')], default='diverse', help_text='which of the others come first', max_length=10)),
                ('positive_fraction', models.FloatField(default=0.1, help_text="share of these that are the model's likeliest yes", validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('follow_up_first', models.BooleanField(default=False, help_text='ask the follow-up before the next subject')),
                ('known_objects_are_gold', models.BooleanField(default=False, help_text="a subject on a known object's orbit becomes gold")),
                ('retrain_days', models.PositiveSmallIntegerField(blank=True, help_text='days after the last run, for the next', null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('rare_fraction', models.FloatField(default=0.0, help_text='share of these that are of the classes with the fewest labels', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('is_experiment', models.BooleanField(db_default=False, default=False, help_text='only a new model reorders its queue, never the votes before that')),
                ('subject_sets', models.ManyToManyField(blank=True, related_name='workflows', to='archive.subjectset')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='workflows', to='archive.survey')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('min_votes__lte', models.F('max_votes'))), name='min_votes_within_max'), models.CheckConstraint(condition=models.Q(('reject_threshold__lt', models.F('accept_threshold'))), name='reject_below_accept')],
            },
        ),
    ]
