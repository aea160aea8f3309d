"""Whose turn it is in a queue: portals in turn, within a portal its requesters, and of each requester the oldest first.

Who has fewer builds running comes first; among equals who has waited longer, counted from when their last build was
begun. So nobody's hundreds hold up somebody's one, and no stream of newcomers holds up who was there before. It is one
rule for the workers, who claim by it, and for everybody who is told a place in the queue.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Min

from packager.models import Kind, PackageRequest, Status, Turn

#: What tells portals, and requesters, apart.
COLUMNS = ("kind", "ckan_host", "email", "api_key", "requester")
UNBOUNDED = 1 << 31


class Party(NamedTuple):
    """A requester at a data portal. Files, which may lie anywhere, count as one portal, whose name is empty."""

    portal: str
    requester: str

    @classmethod
    def of(cls, kind: str, ckan_host: str, email: str, api_key: int | None, requester: str) -> Party:
        """Who asked: an address, or else what the owner of an API key calls its requester."""
        who = email.strip().lower() or json.dumps([api_key, requester])
        return cls(ckan_host if kind == Kind.DATASTORE else "", who)


class Rank(NamedTuple):
    """Who has the smaller one goes first: how many of theirs are being built, and since when they wait."""

    building: int
    since: datetime
    name: str


class Lot(NamedTuple):
    """A party among those of its portal, or a portal among portals: its rank, and how many it has waiting."""

    rank: Rank
    waiting: int


@dataclass(slots=True)
class Share:
    """What a party has in a queue.

    ``first`` is when the oldest that waits was queued, ``served`` when the last one was begun (``turn`` is the row that
    says so), and ``emails`` are the ways in which the address is written.
    """

    waiting: int = 0
    building: int = 0
    first: datetime | None = None
    served: datetime | None = None
    turn: int | None = None
    emails: set[str] = field(default_factory=set)

    def lot(self, party: Party) -> Lot:
        """That of the party whose share it is, which has one waiting."""
        assert self.first
        return Lot(Rank(self.building, max(self.first, self.served or self.first), party.requester), self.waiting)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request stands.

    ``ahead`` requests are begun before it, if none comes or ends; ``others`` are the requesters with whom its own takes
    turns. ``held_back``: its requester has as many ``under_way``, in all queues, as one may have.
    """

    ahead: int
    others: int
    under_way: int
    held_back: bool


class Line:
    """Everybody who waits in a queue.

    Args:
        shares: who has what in it.
        under_way: how many builds each requester has running, in all queues.
    """

    def __init__(self, shares: dict[Party, Share], under_way: Counter[str]) -> None:
        self.shares, self._under_way = shares, under_way
        self._able = {party for party, share in shares.items() if share.waiting and self._room(party.requester) > 0}
        self._portals: dict[str, list[Party]] = defaultdict(list)
        for party in shares:
            self._portals[party.portal].append(party)
        self._lots = {portal: lot for portal in self._portals if (lot := self._lot_of(portal, self._able))}

    def _room(self, requester: str) -> int:
        most: int = settings.PACKAGER_MAX_PER_REQUESTER
        return most - self._under_way[requester] if most else UNBOUNDED

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(share.waiting for share in self.shares.values())

    @property
    def ready(self) -> int:
        """How many could be begun now, if there were a worker for each."""
        waiting: Counter[str] = Counter()
        for party in self._able:
            waiting[party.requester] += self.shares[party].waiting
        return sum(min(count, self._room(requester)) for requester, count in waiting.items())

    def in_turn(self) -> list[Party]:
        """Who may have a build begun now, the next one first."""
        return sorted(self._able, key=lambda party: (self._lots[party.portal].rank, self.shares[party].lot(party).rank))

    def place(self, party: Party, position: int) -> Place:
        """Where the ``position``-th of those stands that the party has waiting."""
        beside = (p for p in self._portals[party.portal] if p in self._able and p != party)
        in_portal = position + _ahead(
            self.shares[party].lot(party).rank, position, (self.shares[p].lot(p) for p in beside)
        )
        portal = self._lot_of(party.portal, self._able | {party})
        assert portal
        others = (lot for name, lot in self._lots.items() if name != party.portal)
        return Place(
            ahead=in_portal - 1 + _ahead(portal.rank, in_portal, others),
            others=len({p.requester for p in self._able} - {party.requester}),
            under_way=self._under_way[party.requester],
            held_back=party not in self._able,
        )

    def _lot_of(self, portal: str, able: Collection[Party]) -> Lot | None:
        """That of a portal; None if nobody who waits there is ``able`` to have a build begun."""
        shares = [(self.shares[party], party in able) for party in self._portals[portal]]
        waiting = sum(share.waiting for share, may in shares if may)
        if not waiting:
            return None
        since = [share.first for share, may in shares if may and share.first]
        served = [share.served for share, _ in shares if share.served]
        building = sum(share.building for share, _ in shares)
        return Lot(Rank(building, max([min(since), *served]), portal), waiting)


def _ahead(rank: Rank, position: int, others: Iterable[Lot]) -> int:
    """How many requests of others go before the ``position``-th of who has this rank.

    Each request has its round; what is being built stands for rounds that are over. A round begins with those who had
    none in the one before it, that is with those who have more being built.
    """
    ahead, own_round = 0, rank.building + position
    for other, waiting in others:
        earlier = (-other.building, *other[1:]) < (-rank.building, *rank[1:])
        ahead += min(waiting, max(0, own_round - other.building - (not earlier)))
    return ahead


# ------------------------------------------------------------------ from the tables


def line(queue: str) -> Line:
    """Who waits in this queue now."""
    shares: defaultdict[Party, Share] = defaultdict(Share)
    under_way: Counter[str] = Counter()
    waiting = PackageRequest.objects.waiting(queue).order_by().values_list(*COLUMNS)
    for *columns, count, first in waiting.annotate(Count("pk"), Min("queued_at")):
        share = shares[Party.of(*columns)]
        share.waiting += count
        share.first = min(share.first or first, first)
        share.emails.add(columns[2])
    for its_queue, *columns in PackageRequest.objects.filter(status=Status.RUNNING).values_list("queue", *COLUMNS):
        under_way[(party := Party.of(*columns)).requester] += 1
        shares[party].building += its_queue == queue
    oldest = min((share.first for share in shares.values() if share.first), default=None)
    if oldest is not None:
        # what was before all that wait makes no difference
        turns = Turn.objects.filter(queue=queue, at__gt=oldest).order_by("at")
        for pk, at, *columns in turns.values_list("pk", "at", *(f"request__{name}" for name in COLUMNS)):
            share = shares[Party.of(*columns)]
            share.served, share.turn = at, pk
    return Line(dict(shares), under_way)


def oldest_of(queue: str, party: Party, share: Share) -> UUID | None:
    """The request that this party has waited for longest, locked; None if somebody else has locked or taken it."""
    waiting = PackageRequest.objects.waiting(queue).filter(queued_at=share.first, email__in=share.emails)
    rows = waiting.select_for_update(skip_locked=True).values_list("pk", *COLUMNS)
    return next((pk for pk, *columns in rows if Party.of(*columns) == party), None)


def places(requests: Iterable[PackageRequest]) -> dict[UUID, Place]:
    """Where those of them stand that wait to be built themselves, in whichever queue."""
    by_queue: dict[str, list[PackageRequest]] = defaultdict(list)
    for request in requests:
        if request.status == Status.QUEUED and request.leader_id is None:
            by_queue[request.queue].append(request)
    return {pk: place for queue, rows in by_queue.items() for pk, place in _places(queue, rows)}


def _places(queue: str, rows: Collection[PackageRequest]) -> Iterable[tuple[UUID, Place]]:
    now, wanted, positions = line(queue), {row.pk for row in rows}, Counter[Party]()
    parties = {
        Party.of(*(getattr(row, "api_key_id" if name == "api_key" else name) for name in COLUMNS)) for row in rows
    }
    emails = {email for party in parties & now.shares.keys() for email in now.shares[party].emails}
    for pk, *columns in PackageRequest.objects.waiting(queue).filter(email__in=emails).values_list("pk", *COLUMNS):
        positions[party := Party.of(*columns)] += 1
        if pk in wanted and party in now.shares and now.shares[party].waiting:
            yield pk, now.place(party, positions[party])


def place(request: PackageRequest) -> Place | None:
    """Where a request stands; None if it does not wait, or for the build of another one."""
    return dict(places([request])).get(request.pk)
