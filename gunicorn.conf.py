"""What gunicorn reads when it is started here."""

import gunicorn

#: Nobody outside needs to know what answers.
gunicorn.SERVER = "web"
control_socket_disable = True
