"""What columns are called in the admin: nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pusher', '0002_plain_words'),
    ]

    operations = [
        migrations.AlterField(
            model_name='pushjob',
            name='ckan_host',
            field=models.CharField(blank=True, max_length=255, verbose_name='CKAN host'),
        ),
        migrations.AlterField(
            model_name='pushjob',
            name='hook',
            field=models.CharField(choices=[('none', 'Not needed'), ('pending', 'To be notified'), ('told', 'Notified'), ('given_up', 'Could not be notified')], default='none', max_length=10, verbose_name='notification of CKAN'),
        ),
    ]
