"""Which addresses may be fetched from: the guard against server-side request forgery."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from packager.errors import AddressForbidden, SourceUnreachable

PORTS = {"http": 80, "https": 443}

#: Carries an IPv4 address in the last 32 bits (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
#: Nobody's on the Internet, whatever Python's tables say: site-local (RFC 3879), documentation (RFC 9637), and relays
#: of 6to4 that are no more (RFC 7526).
_NOBODYS = (IPv6Network("fec0::/10"), IPv6Network("3fff::/20"), IPv4Network("192.88.99.0/24"))

#: What ``socket.getaddrinfo`` says of one way to reach a host: family and socket address.
Endpoint = tuple[socket.AddressFamily, tuple[Any, ...]]


@dataclass(frozen=True)
class AddressRule:
    """What may be fetched from.

    ``allowed`` names hosts (``host`` for any port, or ``host:port``): only those may be read, and they may be private.
    Empty means any public address, and those of the hosts that ``private`` names.
    """

    allowed: tuple[str, ...] = ()
    private: tuple[str, ...] = ()

    def check_url(self, url: str) -> SplitResult:
        """The parts of ``url``, if its form and host are permitted. Raises AddressForbidden."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS.get(parts.scheme, 0)
        except ValueError:
            raise AddressForbidden("not a valid address") from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise AddressForbidden("only http and https addresses can be read")
        if "@" in parts.netloc:
            raise AddressForbidden("the address holds a user name")
        self._check_named(parts.hostname, port)
        return parts

    def may_permit(self, url: str) -> bool:
        """Whether ``url`` is permitted, as far as can be said before its name is resolved."""
        try:
            parts = self.check_url(url)
        except AddressForbidden:
            return False
        host = parts.hostname or ""
        try:
            return self._may_be_private(host, parts.port or PORTS[parts.scheme]) or is_public(str(ip_address(host)))
        except ValueError:
            local = host == "localhost" or host.endswith(".localhost")
            return not local or self._may_be_private(host, parts.port or PORTS[parts.scheme])

    def endpoints(self, host: str, port: int) -> list[Endpoint]:
        """Where to connect to: every address of ``host``, each of them checked.

        One forbidden address forbids the host: which of them would be taken is chance.

        Raises:
            AddressForbidden: the host is not among those allowed, or an address of it is not public.
            SourceUnreachable: the name cannot be resolved.
        """
        self._check_named(host, port)
        try:
            answers = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise SourceUnreachable(f"the name {host} could not be resolved") from None
        found: list[Endpoint] = [(family, address) for family, _, _, _, address in answers]
        if not self._may_be_private(host, port) and not all(is_public(str(address[0])) for _, address in found):
            raise AddressForbidden(f"{host} has an address that is not public")
        return found

    def _may_be_private(self, host: str, port: int) -> bool:
        return bool(self.allowed) or _names(self.private, host, port)

    def _check_named(self, host: str, port: int) -> None:
        if self.allowed and not _names(self.allowed, host, port):
            raise AddressForbidden(f"{host}:{port} is not among the hosts that may be read")


def _names(hosts: tuple[str, ...], host: str, port: int) -> bool:
    """Whether ``hosts`` name this one, with its port or without."""
    plain = host.strip("[]").lower()
    bracketed = f"[{plain}]" if ":" in plain else plain
    return not {plain, bracketed, f"{bracketed}:{port}"}.isdisjoint(name.strip().lower() for name in hosts)


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public Internet; of one that carries an IPv4 address, whether that does."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        translated = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
        carried = translated or address.ipv4_mapped or address.sixtofour
        if carried is not None:
            return is_public(str(carried))
    nobodys = any(address in network for network in _NOBODYS)
    return address.is_global and not (address.is_multicast or address.is_reserved or nobodys)
