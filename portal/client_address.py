"""From where a request comes, found once for everything that counts by it: locked log-ins, throttles, log lines.

Behind a proxy each connection comes from the proxy, which writes into ``X-Forwarded-For`` who connected to it. Anybody
can send that header, so as much of it is believed as proxies of ours have written.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

#: How many proxies every request passes, or the networks in which they stand.
Proxies = int | tuple[IPv4Network | IPv6Network, ...]
#: Whoever has one address of version 6 has as many as this prefix leaves, and is counted as one.
ONE_SITE = 64


def proxies(text: str) -> Proxies:
    """``1`` (so many proxies), or ``10.0.0.0/8, 127.0.0.1`` (where they stand). Raises ValueError."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) == 1 and words[0].isdecimal():
        return int(words[0])
    return tuple(ip_network(word) for word in words)


def client_address(remote: str, forwarded: str, trusted: Proxies) -> str:
    """Who asks, as far as proxies of ours say; of version 6 the network.

    Args:
        remote: who opened the connection; empty for a local socket.
        forwarded: the header ``X-Forwarded-For``, each proxy's client appended to it.
        trusted: how many proxies there are, or where they stand.
    """
    hops = [hop.strip() for hop in forwarded.split(",")] if forwarded.strip() else []
    if isinstance(trusted, int):
        passed = hops[-trusted:] if trusted else []
        return _counted(passed[0] if passed else remote) or _counted(remote)
    found = remote
    for hop in [remote, *reversed(hops)]:
        if not _counted(hop) and hop:
            break
        found = hop or found
        if not is_trusted(hop, trusted):
            break
    return _counted(found)


def is_trusted(remote: str, trusted: Proxies) -> bool:
    """Whether ``remote`` is a proxy of ours. A local socket is, where there are proxies."""
    if isinstance(trusted, int) or not trusted:
        return bool(trusted)
    address = _address(remote)
    return not remote or (address is not None and any(address in network for network in trusted))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _counted(text: str) -> str:
    address = _address(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, ONE_SITE), strict=False).network_address)
    return str(address or "")


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Puts the client's address where everybody looks for it; what a stranger claims to be a proxy's is taken away."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        meta, trusted = request.META, settings.TRUSTED_PROXIES
        remote, forwarded = meta.get("REMOTE_ADDR", ""), meta.pop("HTTP_X_FORWARDED_FOR", "")
        if not is_trusted(remote, trusted):
            meta.pop("HTTP_X_FORWARDED_PROTO", None)
        meta["REMOTE_ADDR"] = client_address(remote, forwarded, trusted)
        return get_response(request)

    return handle
