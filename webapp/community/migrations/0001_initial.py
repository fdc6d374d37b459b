import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
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
            name='Board',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('description', models.CharField(blank=True, default='', max_length=300, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='boards', to='archive.survey')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('survey', 'name'), name='one_board_per_name')],
            },
        ),
        migrations.CreateModel(
            name='Collection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True, max_length=2000)),
                ('is_public', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('editors', models.ManyToManyField(blank=True, related_name='edited_collections', to='volunteers.volunteer')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='collections', to='volunteers.volunteer')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='CollectionItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('position', models.PositiveIntegerField(default=0)),
                ('collection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='community.collection')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='collection_items', to='archive.subject')),
            ],
            options={
                'ordering': ['-position', '-id'],
                'indexes': [models.Index(fields=['collection', '-position', '-id'], name='community_c_collect_06c42b_idx')],
                'constraints': [models.UniqueConstraint(fields=('collection', 'subject'), name='once_in_a_collection')],
            },
        ),
        migrations.AddField(
            model_name='collection',
            name='subjects',
            field=models.ManyToManyField(related_name='collections', through='community.CollectionItem', to='archive.subject'),
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(validators=[django.core.validators.MaxLengthValidator(5000), django.core.validators.ProhibitNullCharactersValidator()])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('edited_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('removed_because', models.CharField(blank=True, default='', help_text='blank: its author removed it', max_length=200)),
                ('document', models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector('text', config='simple'), output_field=django.contrib.postgres.search.SearchVectorField())),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='volunteers.volunteer')),
                ('removed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('subject', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='archive.subject')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='archive.survey')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='CommentPicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alt', models.CharField(help_text="what it shows, for who can't see it", max_length=300)),
                ('digest', models.CharField(help_text='blake2b of the bytes', max_length=32)),
                ('content_type', models.CharField(max_length=20)),
                ('content', models.BinaryField()),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('comment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='picture', to='community.comment')),
            ],
        ),
        migrations.CreateModel(
            name='CommentVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('replaced_at', models.DateTimeField()),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='community.comment')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Discovery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('confirmed_at', models.DateTimeField()),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='discoveries', to='archive.subject')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='discoveries', to='volunteers.volunteer')),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='discoveries', to='workflows.workflow')),
            ],
            options={
                'verbose_name_plural': 'discoveries',
                'ordering': ['-confirmed_at', '-id'],
                'constraints': [models.UniqueConstraint(fields=('volunteer', 'workflow', 'subject'), name='credited_once_per_question')],
            },
        ),
        migrations.CreateModel(
            name='Favourite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='favourites', to='archive.subject')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='favourites', to='volunteers.volunteer')),
            ],
            options={
                'indexes': [models.Index(fields=['volunteer', '-id'], name='community_f_volunte_4d5807_idx')],
                'constraints': [models.UniqueConstraint(fields=('volunteer', 'subject'), name='one_heart_per_subject')],
            },
        ),
        migrations.CreateModel(
            name='Group',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('description', models.TextField(blank=True, default='', max_length=1000, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('is_class', models.BooleanField(default=False)),
                ('token', models.CharField(blank=True, help_text='of the link by which people join', max_length=43, null=True, unique=True)),
                ('token_until', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='owned_groups', to='volunteers.volunteer')),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='GroupMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
                ('left_at', models.DateTimeField(null=True)),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='community.group')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='group_memberships', to='volunteers.volunteer')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('left_at', None)), fields=('group', 'volunteer'), name='once_in_a_group')],
            },
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mails', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('claimed_at', None)), fields=['id'], name='unclaimed_mails'), models.Index(fields=['user', '-created_at'], name='community_m_user_id_f1d951_idx')],
            },
        ),
        migrations.CreateModel(
            name='ModeratorAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('dismissed', 'report dismissed'), ('removed', 'comment removed'), ('restored', 'comment restored'), ('warned', 'author warned'), ('suspended', 'author suspended'), ('pinned', 'thread pinned'), ('unpinned', 'thread unpinned'), ('locked', 'thread locked'), ('unlocked', 'thread unlocked'), ('renamed', 'thread renamed'), ('appealed', 'appeal made'), ('granted', 'appeal granted'), ('rejected', 'appeal rejected')], max_length=10)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('until', models.DateTimeField(null=True)),
                ('lifted_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='moderator_actions', to='volunteers.volunteer')),
                ('comment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='community.comment')),
                ('lifted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('moderator', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='moderator_actions', to='archive.survey')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['survey', '-id'], name='community_m_survey__c2f087_idx'), models.Index(fields=['author', 'until'], name='community_m_author__67aee2_idx')],
            },
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=1000, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('is_granted', models.BooleanField(blank=True, help_text='none: not answered yet', null=True)),
                ('answer', models.CharField(blank=True, default='', max_length=1000, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('action', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='appeal', to='community.moderatoraction')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(condition=models.Q(('is_granted', None)), fields=['id'], name='open_appeals')],
            },
        ),
        migrations.CreateModel(
            name='Profile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('display_name', models.CharField(blank=True, default='', max_length=80)),
                ('credit', models.CharField(choices=[('own-name', 'my real name'), ('user-name', 'my user name'), ('anonymous', 'no name')], default='anonymous', max_length=10)),
                ('language', models.CharField(blank=True, default='', help_text='blank: as the browser asks', max_length=10)),
                ('mail', models.CharField(choices=[('immediate', 'at once'), ('daily', 'once a day'), ('weekly', 'once a week'), ('never', 'never')], default='never', max_length=10)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='profile', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='community.comment')),
                ('reporter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='volunteers.volunteer')),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(condition=models.Q(('settled_at', None)), fields=['id'], name='open_reports')],
                'constraints': [models.UniqueConstraint(fields=('comment', 'reporter'), name='one_report_per_reader')],
            },
        ),
        migrations.CreateModel(
            name='SubjectTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=30)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('comment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='community.comment')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='volunteer_tags', to='archive.subject')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subject_tags', to='volunteers.volunteer')),
            ],
            options={
                'indexes': [models.Index(fields=['name', 'subject'], name='community_s_name_0b7ff6_idx')],
                'constraints': [models.UniqueConstraint(fields=('subject', 'name', 'volunteer', 'comment'), name='tagged_once', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=120, validators=[django.core.validators.ProhibitNullCharactersValidator()])),
                ('is_pinned', models.BooleanField(default=False)),
                ('is_locked', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('latest_at', models.DateTimeField(auto_now_add=True, help_text='of its newest comment')),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='threads', to='volunteers.volunteer')),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='threads', to='community.board')),
            ],
            options={
                'indexes': [models.Index(fields=['board', '-is_pinned', '-latest_at', '-id'], name='threads_of_board')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('confirmed', 'Confirmed'), ('taken-back', 'Taken Back'), ('commented', 'Commented'), ('mentioned', 'Mentioned'), ('warned', 'Warned'), ('answered', 'Answered')], max_length=12)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('read_at', models.DateTimeField(null=True)),
                ('mail', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='notifications', to='community.mail')),
                ('subject', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='archive.subject')),
                ('survey', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='archive.survey')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='volunteers.volunteer')),
                ('thread', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='community.thread')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['volunteer', '-id'], name='community_n_volunte_0d9ccb_idx'), models.Index(condition=models.Q(('read_at', None)), fields=['volunteer'], name='unread_notifications'), models.Index(condition=models.Q(('mail', None), ('read_at', None)), fields=['volunteer'], name='unmailed_notifications')],
            },
        ),
        migrations.AddField(
            model_name='comment',
            name='thread',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='community.thread'),
        ),
        migrations.CreateModel(
            name='Block',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('blocked', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='volunteers.volunteer')),
                ('volunteer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='blocks', to='volunteers.volunteer')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('volunteer', 'blocked'), name='blocked_once'), models.CheckConstraint(condition=models.Q(('volunteer', models.F('blocked')), _negated=True), name='nobody_blocks_themselves')],
            },
        ),
        migrations.AddConstraint(
            model_name='collection',
            constraint=models.UniqueConstraint(fields=('owner', 'name'), name='one_collection_per_name'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['subject', 'id'], name='community_c_subject_9080db_idx'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['author', 'created_at'], name='community_c_author__7be5d9_idx'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['thread', 'id'], name='community_c_thread__ab6204_idx'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(condition=models.Q(('removed_at', None)), fields=['survey', '-id'], name='comments_of_survey'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=django.contrib.postgres.indexes.GinIndex(fields=['document'], name='comment_words'),
        ),
        migrations.AddConstraint(
            model_name='comment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('subject', None), ('thread__isnull', False)), models.Q(('subject__isnull', False), ('thread', None)), _connector='OR'), name='comment_in_one_place'),
        ),
    ]
