"""What people read of a request, once for page, mail, package, admin and API."""
