"""Changes that wait in Redis for a background job, which tells the portal.

A resource waits once, however often it changes: what is told is how it looks then. The first change is told at once,
further ones of the same resource after five seconds, ten, twenty, until it comes to rest. When the portal is away they
are tried again for a day, with pauses up to a minute. One job does it for all that waits; it makes room when other jobs
wait. Requests made in CKAN tell what waits for their resource first (``send_about``), so that they never get an older
package.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ckan.plugins.toolkit as tk
from ckan.lib.jobs import get_queue
from ckan.lib.redis import connect_to_redis

from ckanext.packaging_portal import client, settings
from ckanext.packaging_portal.changes import notes
from ckanext.packaging_portal.changes.envelopes import envelope
from ckanext.packaging_portal.changes.notes import Note
from ckanext.packaging_portal.errors import PortalRefused, PortalUnavailable

log = logging.getLogger(__name__)
TITLE = "Tell the packaging portal what changed"
#: Seconds: how long a job stays for what is not due yet; how often it looks; for how long nobody makes another job; how
#: often requests look after what waits; when a change is given up.
STAY, LOOK, HELD, WAKE, GIVE_UP = 20.0, 0.5, 300, 30.0, 86400
#: Seconds between two notifications about one thing, doubled while it goes on changing; and between two failures.
QUIET, LONGEST_QUIET, LONGEST_PAUSE = 5, 60, 60
#: As many as the portal takes in one call.
MOST = 1000
#: Removes a change that was told; if it happened again in the meantime, it waits on until ARGV[3].
REMOVE = """
if redis.call('hget', KEYS[1], ARGV[1]) == ARGV[2] then
  redis.call('hdel', KEYS[1], ARGV[1]) redis.call('zrem', KEYS[2], ARGV[1]) redis.call('zrem', KEYS[3], ARGV[1])
else
  redis.call('zadd', KEYS[2], 'XX', ARGV[3], ARGV[1])
end
"""
_last_look = 0.0


def _name(what: str) -> str:
    return f"ckan:{tk.config['ckan.site_id']}:packaging_portal:changes:{what}"


def add(found: Sequence[Note]) -> None:
    """Let changes wait, and make sure that there is a job for them."""
    redis, now = connect_to_redis(), time.time()
    quiet = redis.pipeline()
    for note in found:
        quiet.pttl(_name(f"told:{note.key}"))
    pipe = redis.pipeline()
    for note, milliseconds in zip(found, quiet.execute(), strict=True):
        # with the time, so that a change that happens while it is told is another one
        pipe.hset(_name("notes"), note.key, f"{time.time_ns()} {note.dumps()}")
        pipe.zadd(_name("since"), {note.key: now}, nx=True)
        pipe.zadd(_name("due"), {note.key: now + max(0, milliseconds) / 1000}, nx=True)
    pipe.execute()
    _ensure_job(redis)


def wake(sender: Any = None, **told: Any) -> None:
    """At the end of any request, now and then: what waits has a job, even if one was lost."""
    global _last_look
    if time.monotonic() < _last_look + WAKE:
        return
    _last_look = time.monotonic()
    try:
        redis = connect_to_redis()
        if settings.get("changes") == "job" and redis.hlen(_name("notes")):
            _ensure_job(redis)
    except Exception:
        log.exception("Could not look after the changes that wait for the packaging portal")


def send_about(resource: Mapping[str, Any]) -> None:
    """Tell what waits about a resource and its dataset, before a package of it is asked for.

    A resource that the portal was never told of is told now, so that the portal can say later what is new about it.

    Raises:
        PortalUnavailable
    """
    about = Note("Resource", resource["id"], "changed", {"package_id": resource["package_id"]})
    keys = [about.key, f"Datastore:{about.id}", f"Package:{resource['package_id']}"]
    redis = connect_to_redis()
    found = {key.encode(): text for key, text in zip(keys, redis.hmget(_name("notes"), keys), strict=True) if text}
    if not redis.sismember(_name("known"), about.key):
        found.setdefault(about.key.encode(), f"0 {about.dumps()}".encode())
    _tell(redis, found)


def send_all() -> None:
    """The background job."""
    redis, end = connect_to_redis(), time.monotonic() + STAY
    try:
        wait = _send_due(redis)
        while wait is not None and not get_queue().count and time.monotonic() < end:
            redis.set(_name("job"), 1, ex=HELD)
            time.sleep(min(wait, LOOK))
            wait = _send_due(redis)
    finally:
        redis.delete(_name("job"))
    # a worker that ends when there is nothing left to do must not be kept
    if redis.hlen(_name("notes")) and "--burst" not in sys.argv:
        _ensure_job(redis)


def state() -> dict[str, Any]:
    """How many changes wait, and since when (UNIX time; None if none)."""
    redis = connect_to_redis()
    oldest = redis.zrange(_name("since"), 0, 0, withscores=True)
    return {"waiting": redis.hlen(_name("notes")), "since": oldest[0][1] if oldest else None}


def _ensure_job(redis: Any) -> None:
    if redis.set(_name("job"), 1, nx=True, ex=HELD):
        tk.enqueue_job(send_all, title=TITLE)


def _send_due(redis: Any) -> float | None:
    """Tell what is due. Returns the seconds until something is due again; None if nothing waits."""
    _give_up(redis)
    pause = redis.pttl(_name("pause"))
    if pause <= 0:
        due = redis.zrangebyscore(_name("due"), 0, time.time(), start=0, num=MOST)
        texts = redis.hmget(_name("notes"), due) if due else []
        try:
            _tell(redis, {key: text for key, text in zip(due, texts, strict=True) if text})
        except PortalUnavailable:
            _pause(redis)
    following = redis.zrange(_name("due"), 0, 0, withscores=True)
    if not following:
        return None
    return max(0.0, following[0][1] - time.time(), redis.pttl(_name("pause")) / 1000)


def _tell(redis: Any, waiting: Mapping[bytes, bytes]) -> None:
    """Tell of these, and let them wait no longer. Raises PortalUnavailable."""
    if not waiting:
        return
    envelopes = _envelopes(redis, waiting)
    _post(list(envelopes.values()))
    redis.delete(_name("pause"), _name("failures"))
    for key in envelopes:
        again = time.time() + _quieten(redis, key.decode())
        redis.sadd(_name("known"), key)
        redis.eval(REMOVE, 3, _name("notes"), _name("due"), _name("since"), key, waiting[key], again)


def _quieten(redis: Any, key: str) -> int:
    """The seconds for which nothing is told about it again: longer each time, until it rested for as long."""
    last = int(redis.get(_name(f"pace:{key}")) or 0)
    seconds = min(LONGEST_QUIET, 2 * last or QUIET)
    redis.set(_name(f"told:{key}"), 1, ex=seconds)
    redis.set(_name(f"pace:{key}"), seconds, ex=2 * seconds)
    return seconds


def _envelopes(redis: Any, waiting: Mapping[bytes, bytes]) -> dict[bytes, dict[str, Any]]:
    """What is told; what cannot be put into words now is left for later, and holds up nothing else."""
    found = {}
    for key, text in waiting.items():
        try:
            found[key] = envelope(notes.loads(text.partition(b" ")[2]))
        except Exception:
            log.exception("%s cannot be told to the packaging portal", key.decode())
            redis.zadd(_name("due"), {key: time.time() + LONGEST_PAUSE}, xx=True)
    return found


def _post(envelopes: Sequence[Mapping[str, Any]]) -> None:
    """All of them; one by one if the portal does not understand one, which is then left out."""
    if not envelopes:
        return
    try:
        client.call("POST", "/api/v1/changes/", json=list(envelopes))
    except PortalRefused as problem:
        if isinstance(unavailable := problem.as_ckan_has_it, PortalUnavailable):
            raise unavailable from None
        if len(envelopes) > 1:
            for one in envelopes:
                _post([one])
        else:
            log.error("The packaging portal does not take %s: %s", envelopes[0]["routing_key"], problem.detail)


def _pause(redis: Any) -> None:
    """Wait, longer after each failure."""
    failures = redis.incr(_name("failures"))
    redis.set(_name("pause"), 1, ex=min(LONGEST_PAUSE, 2 ** min(failures, 10)))


def _give_up(redis: Any) -> None:
    """Changes that could not be told for a day."""
    old: Iterable[bytes] = redis.zrangebyscore(_name("since"), 0, time.time() - GIVE_UP)
    for key in old:
        log.error("The packaging portal could not be told of %s for a day", key.decode())
        redis.hdel(_name("notes"), key)
        redis.zrem(_name("due"), key)
        redis.zrem(_name("since"), key)
