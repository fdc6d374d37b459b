import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('archive', '0001_initial'),
        ('volunteers', '0001_initial'),
        ('workflows', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Classification',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('answer', models.CharField(choices=[('yes', 'Yes'), ('no', 'No'), ('unsure', 'Unsure')], max_length=6)),
                ('follow_up', models.CharField(blank=True, default='', max_length=20)),
                ('reason', models.CharField(choices=[('new', 'New'), ('typical', 'Typical'), ('uncertain', 'Uncertain'), ('diverse', 'Diverse'), ('vote', 'Vote'), ('disagreed', 'Disagreed'), ('positive', 'Positive'), ('rare', 'Rare'), ('random', 'Random'), ('training', 'Training')], default='new', max_length=10)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('is_counted', models.BooleanField(db_default=False, default=False)),
                ('count_order', models.BigIntegerField(help_text='the place in which it began to count, among all answers', null=True)),
                ('log_odds_micronats', models.BigIntegerField(help_text="millionths of a nat for yes, by its volunteer's record then; null weighs nothing", null=True)),
                ('device', models.CharField(blank=True, default='', max_length=20)),
                ('viewport', models.CharField(blank=True, default='', max_length=20)),
                ('frames_seen', models.PositiveSmallIntegerField(null=True)),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='classifications', to='archive.subject')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='classifications', to='volunteers.volunteer')),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='classifications', to='workflows.workflow')),
            ],
            options={
                'indexes': [models.Index(fields=['workflow', 'subject'], name='classificat_workflo_d75fe2_idx'), models.Index(fields=['volunteer', '-created_at'], name='classificat_volunte_231a2b_idx'), models.Index(condition=models.Q(('is_counted', False), ('withdrawn_at', None)), fields=['volunteer', 'workflow'], name='held_back'), models.Index(condition=models.Q(('is_counted', True), ('withdrawn_at', None)), fields=['workflow', 'created_at'], include=('volunteer', 'reason'), name='counted_over_time')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('volunteer', 'workflow', 'subject'), name='one_answer_per_volunteer')],
            },
        ),
        migrations.CreateModel(
            name='Mark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(help_text='0 for the first that was drawn')),
                ('frame', models.PositiveSmallIntegerField(default=0, help_text='the frame it was drawn on, 0 for the first')),
                ('x1', models.FloatField(help_text='pixels; the centre of the first is 0')),
                ('y1', models.FloatField()),
                ('x2', models.FloatField()),
                ('y2', models.FloatField()),
                ('ra1', models.FloatField(help_text="deg, ICRS, by the frame's WCS", null=True)),
                ('dec1', models.FloatField(null=True)),
                ('ra2', models.FloatField(null=True)),
                ('dec2', models.FloatField(null=True)),
                ('classification', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='marks', to='classifications.classification')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('classification', 'position'), name='one_mark_per_position')],
            },
        ),
        migrations.RunSQL("CREATE SEQUENCE classifications_count_order", "DROP SEQUENCE classifications_count_order"),
        # Weighing answers anew changes no indexed column: with room on its page, a row keeps its index entries.
        migrations.RunSQL(
            "ALTER TABLE classifications_classification SET (fillfactor = 75)",
            "ALTER TABLE classifications_classification RESET (fillfactor)",
        ),
    ]
