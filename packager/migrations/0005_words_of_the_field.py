"""Columns and options get the names that the field has for them. Runs both ways; nothing is lost."""

from django.db import migrations

BATCH = 1000


def rename_option(apps, old, new):
    """In the options of Darwin Core Archives."""
    model = apps.get_model("packager", "PackageRequest")
    with_old = model.objects.filter(format="dwca", options__has_key=old).only("options")
    while batch := list(with_old[:BATCH]):
        for request in batch:
            request.options = {new if name == old else name: value for name, value in request.options.items()}
        model.objects.bulk_update(batch, ["options"])


def forwards(apps, _):
    rename_option(apps, "flavour", "dialect")


def backwards(apps, _):
    rename_option(apps, "dialect", "flavour")


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
        migrations.RunPython(forwards, backwards),
    ]
