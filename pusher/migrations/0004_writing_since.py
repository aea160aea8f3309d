"""When a push began to write its rows: from then on its rate tells how long the rest takes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pusher", "0003_names_of_columns"),
    ]

    operations = [
        migrations.AddField(
            model_name="pushjob",
            name="writing_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
