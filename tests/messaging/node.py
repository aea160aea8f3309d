"""A RabbitMQ node of one's own, to be killed and started again."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.services import absent

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CONTROL = SERVER.with_name("rabbitmqctl")


def quiet_port() -> int:
    """A free port that no outgoing connection is given: a client that tries and tries could meet itself there."""
    while True:
        port = random.randint(20_000, 30_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class Node:
    """A context in which the node runs. Its queues outlive ``kill``.

    With ``tls`` (the files of an authority, of the node's certificate and of its key) ``tls_port`` speaks amqps, to
    those who have a certificate of that authority.
    """

    def __init__(self, directory: Path, tls: tuple[Path, Path, Path] | None = None) -> None:
        self._port, self.tls_port, own = quiet_port(), quiet_port(), f"portal{os.getpid()}@localhost"
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}/%2F"
        configuration = directory / "rabbitmq.conf"
        configuration.write_text(self._tls_settings(*tls) if tls else "")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": own,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(quiet_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "db"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(directory / "none"),
            "RABBITMQ_CONFIG_FILE": str(configuration),
        }
        (directory / "plugins").write_text("[].")
        self._out = directory / "out"
        self._process: subprocess.Popen[bytes] | None = None

    def _tls_settings(self, authority: Path, certificate: Path, key: Path) -> str:
        return (
            f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}\n"
            f"ssl_options.cacertfile = {authority}\nssl_options.certfile = {certificate}\nssl_options.keyfile = {key}\n"
            "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
        )

    def __enter__(self) -> Node:
        if not SERVER.is_file():
            absent("RabbitMQ is not installed")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with self._out.open("ab") as out:
            self._process = subprocess.Popen(
                [str(SERVER)], env=self._environment, stdout=out, stderr=out, start_new_session=True
            )
        end = time.monotonic() + 180
        while not self._answers():
            assert time.monotonic() < end, self._out.read_text()[-2000:]
            time.sleep(0.2)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
            return True
        return False

    def kill(self) -> None:
        """SIGKILL, to all of it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let it hang meanwhile: its connections stay open, it takes new ones, and nothing answers."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)

    def close_connections(self) -> None:
        """Close every connection from the broker's side."""
        self._control("close_all_connections", "a test")

    @contextmanager
    def short_of_memory(self) -> Iterator[None]:
        """Let it believe so meanwhile: it takes no more messages."""
        self._control("set_vm_memory_high_watermark", "0.0000001")
        try:
            yield
        finally:
            self._control("set_vm_memory_high_watermark", "0.4")

    def _control(self, *words: str) -> None:
        command = [str(CONTROL), "-q", "-n", self._environment["RABBITMQ_NODENAME"], *words]
        subprocess.run(command, env=self._environment, capture_output=True, check=False)
