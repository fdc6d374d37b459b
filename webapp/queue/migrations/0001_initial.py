import django.db.models.deletion
import webapp.queue.models
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
            name='QueueEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('priority', models.FloatField(default=1.0, help_text='the larger, the sooner')),
                ('reason', models.CharField(choices=[('new', 'New'), ('typical', 'Typical'), ('uncertain', 'Uncertain'), ('diverse', 'Diverse'), ('vote', 'Vote'), ('disagreed', 'Disagreed'), ('positive', 'Positive'), ('rare', 'Rare'), ('random', 'Random'), ('training', 'Training')], default='new', max_length=10)),
                ('open_slots', models.SmallIntegerField(help_text='votes still wanted, less the leases that are out')),
                ('random_key', models.FloatField(default=webapp.queue.models.random_position, editable=False, help_text='where a random draw finds it')),
                ('is_gold', models.BooleanField(default=False, help_text='served as training, also when a ruling retired it')),
                ('is_retired', models.BooleanField(default=False)),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='queue_entries', to='archive.subject')),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='queue', to='workflows.workflow')),
            ],
            options={
                'indexes': [models.Index(models.F('workflow'), models.OrderBy(models.F('priority'), descending=True), models.F('id'), condition=models.Q(('is_gold', False), ('is_retired', False), ('open_slots__gt', 0)), name='queue_by_priority'), models.Index(models.F('workflow'), models.F('random_key'), condition=models.Q(('is_gold', False), ('is_retired', False), ('open_slots__gt', 0)), name='queue_at_random'), models.Index(models.F('workflow'), models.F('random_key'), condition=models.Q(('is_gold', True)), name='queue_of_gold')],
                'constraints': [models.UniqueConstraint(fields=('workflow', 'subject'), name='one_entry_per_subject')],
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('newcomer', models.UUIDField(null=True)),
                ('reason', models.CharField(choices=[('new', 'New'), ('typical', 'Typical'), ('uncertain', 'Uncertain'), ('diverse', 'Diverse'), ('vote', 'Vote'), ('disagreed', 'Disagreed'), ('positive', 'Positive'), ('rare', 'Rare'), ('random', 'Random'), ('training', 'Training')], max_length=10)),
                ('expires_at', models.DateTimeField()),
                ('volunteer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='leases', to='volunteers.volunteer')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='leases', to='queue.queueentry')),
            ],
            options={
                'indexes': [models.Index(fields=['expires_at'], name='queue_lease_expires_a4b15b_idx')],
                'constraints': [models.UniqueConstraint(fields=('volunteer', 'entry'), name='one_lease_per_volunteer_and_entry'), models.UniqueConstraint(fields=('newcomer', 'entry'), name='one_lease_per_newcomer_and_entry'), models.CheckConstraint(condition=models.Q(('volunteer', None), ('newcomer', None), _connector='XOR'), name='lent_to_a_volunteer_or_a_newcomer')],
            },
        ),
    ]
