"""Texts of fields, choices and permissions: nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pusher', '0001_jobs'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='pushjob',
            options={'ordering': ('-created_at', '-id'), 'permissions': (('operate_pushjob', 'Can retry, cancel and dry-run pushes'),), 'verbose_name': 'push', 'verbose_name_plural': 'pushes'},
        ),
        migrations.AlterField(
            model_name='pushjob',
            name='error',
            field=models.JSONField(blank=True, help_text='message and further facts, visible to everybody', null=True),
        ),
        migrations.AlterField(
            model_name='pushjob',
            name='renewed_at',
            field=models.DateTimeField(blank=True, help_text='when CKAN was last told that it is still running', null=True),
        ),
        migrations.AlterField(
            model_name='pushjob',
            name='rules_digest',
            field=models.CharField(blank=True, help_text='of the overrides and settings it was read with', max_length=64),
        ),
        migrations.AlterField(
            model_name='pushjob',
            name='step',
            field=models.CharField(blank=True, help_text='current step', max_length=30),
        ),
        migrations.AlterField(
            model_name='pushjob',
            name='title',
            field=models.CharField(blank=True, help_text='title of the resource', max_length=500),
        ),
        migrations.AlterField(
            model_name='pushjob',
            name='tries',
            field=models.PositiveSmallIntegerField(default=0, help_text='temporary failures so far'),
        ),
    ]
