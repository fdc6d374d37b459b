import django.db.models.deletion
import webapp.core.stored_messages
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('archive', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Stream',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topic', models.CharField(max_length=249)),
                ('brokers', models.TextField()),
                ('group', models.CharField(help_text='consumer group', max_length=200)),
                ('subject_set', models.CharField(max_length=120)),
                ('condition', models.TextField(blank=True, default='', help_text='which alerts are stored', max_length=1000)),
                ('messages_read', models.PositiveBigIntegerField(default=0)),
                ('stored', models.PositiveBigIntegerField(default=0)),
                ('known', models.PositiveBigIntegerField(default=0, help_text='alerts that were in the survey already')),
                ('filtered', models.PositiveBigIntegerField(default=0, help_text='alerts that the condition left out')),
                ('refused', models.PositiveBigIntegerField(default=0)),
                ('lag', models.PositiveBigIntegerField(blank=True, help_text='messages that are not read yet', null=True)),
                ('rate', models.FloatField(blank=True, help_text='messages per second', null=True)),
                ('heard_at', models.DateTimeField(blank=True, help_text="the listener's last sign of life", null=True)),
                ('trouble', webapp.core.stored_messages.MessageField(blank=True, default='', help_text='what the brokers complain about')),
                ('cursor', models.FloatField(blank=True, help_text="MJD up to which a polled API's alerts are stored", null=True)),
                ('should_listen', models.BooleanField(default=False, help_text='a listener began, and was not told to stop')),
                ('poll_seconds', models.FloatField(blank=True, help_text='interval of a polled API; none for Kafka', null=True)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='streams', to='archive.survey')),
            ],
            options={
                'ordering': ['topic'],
                'constraints': [models.UniqueConstraint(fields=('survey', 'topic'), name='one_stream_per_topic')],
            },
        ),
        migrations.CreateModel(
            name='Position',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('partition', models.PositiveIntegerField()),
                ('next_offset', models.PositiveBigIntegerField()),
                ('stream', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='positions', to='streams.stream')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('stream', 'partition'), name='one_position_per_partition')],
            },
        ),
        migrations.CreateModel(
            name='DeadLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('partition', models.PositiveIntegerField()),
                ('offset', models.PositiveBigIntegerField(blank=True, null=True)),
                ('reason', webapp.core.stored_messages.MessageField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('name', models.CharField(blank=True, default='', help_text="the alert's, of a polled API", max_length=200)),
                ('stream', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dead_letters', to='streams.stream')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
    ]
