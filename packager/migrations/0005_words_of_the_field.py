"""Columns and options get the names that the field has for them. Runs both ways; nothing is lost."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("packager", "0004_staff_permissions"),
    ]

    operations = [
        migrations.RenameField("packagerequest", "sealed_key", "encrypted_key"),
        migrations.RenameField("packagerequest", "losses", "worker_failures"),
        migrations.RenameField("apikey", "sealed_webhook_secret", "encrypted_webhook_secret"),
        migrations.RenameField("packageerror", "settled_at", "resolved_at"),
        migrations.RenameField("packageerror", "settled_by", "resolved_by"),
        migrations.RenameField("packageerror", "settled_note", "resolved_note"),
    ]
