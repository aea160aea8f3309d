"""What columns are called in the admin: nothing changes in the database."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('stats', '0004_plain_words'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='dailysum',
            options={'ordering': ['-day', 'resource_id', 'format'], 'verbose_name': 'daily total'},
        ),
    ]
