"""From links and human decisions to groups of spells: who is one caller, at three nested levels, and who is in reach.

Two groups are joined if some link between them is strong enough for the level, and if all pairs between them agree
well enough on average. The link alone would chain: each like the next, the ends strangers. Groups whose pairs agree
best on average are joined first; a pair that was never compared counts as the floor. A looser level goes on from
where the stricter one ended, so levels are nested. Sums are whole numbers, so no order of the input changes a tie.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Pair = tuple[int, int]

STEPS_PER_BIT = 1024  # weights are kept as whole numbers of this fraction of a bit


@dataclass(frozen=True)
class Cuts:
    """How much it takes to join, in bits of match weight (log2 of the odds; 0 is as likely as not).

    `strict` >= `standard` >= `loose`: what the best link between two groups must weigh at each level; `strict` is
    the automatic threshold. Links from `review` up are shown to a human; those from `reach` up, as good as
    certain, make up the reach with the loose groups. `average` is what
    all pairs between two groups must weigh on average, at any level: less than nothing, since many pairs of one
    caller's records say little or were never compared. There a pair counts no less than `floor`, as one that was
    never compared does, and no more than `ceiling`.
    """

    strict: float
    standard: float
    loose: float
    review: float
    reach: float = 6.0
    average: float = -1.5
    floor: float = -4.0
    ceiling: float = 8.0

    def __post_init__(self) -> None:
        if not self.strict >= self.standard >= self.loose:
            raise ValueError("of the cuts, strict >= standard >= loose must hold")
        if self.review > self.strict:
            raise ValueError("what is joined must be worth a look: review <= strict must hold")


@dataclass(frozen=True)
class Groups:
    """The group of every spell, named for its smallest member, so that equal labels are one group.

    `strict`, `standard` and `loose` are nested. `reach` holds all of a loose group, and every spell that links of
    `reach` or more, human "same" decisions or a common number connect, whatever a human refused: stops spread over it,
    and a decision does not take one away. Links from `review` up would chain strangers together by the thousand.
    `contradictions` are "same" decisions that a "not the same" overrules.
    """

    strict: Ints
    standard: Ints
    loose: Ints
    reach: Ints
    contradictions: list[Pair]


def group(
    count: int,
    left: Ints,
    right: Ints,
    weight: Floats,
    *,
    cuts: Cuts,
    same: Sequence[Pair] = (),
    not_same: Sequence[Pair] = (),
    reach_only: Sequence[Pair] = (),
) -> Groups:
    """Groups of `count` spells, numbered 0 to count - 1 in the order of their ids, by links of `weight` bits.

    `same` are joined at every level. `not_same` are never in one group: the join that would bring them together
    is refused, which is the weakest on the way since the strongest come first; between equals the lower numbers go
    first. Where both speak of one pair, directly or through others, "not the same" holds: leave out those that a
    newer decision replaced. `reach_only` pairs (spells of one number) count for reach alone. No order of any
    input changes the result.
    """
    refused, links = _tidy(not_same), _links(left, right, weight, cuts)
    start, contradictions = _decided(count, _tidy(same), refused)
    strict, standard, loose = _levels(_Clusters(start, links, refused), cuts)
    freely = _levels(_Clusters(_decided(count, _tidy(same), [])[0], links, []), cuts)[2] if refused else loose
    near = np.asarray(weight) >= cuts.reach
    ends = [(np.asarray(left)[near], np.asarray(right)[near]), (np.arange(count), loose), (np.arange(count), freely)]
    one, other = (np.concatenate(side).astype(np.int64) for side in zip(*ends, strict=True))
    reach = _connected(count, one, other, [*same, *reach_only])
    return Groups(strict, standard, loose, reach, contradictions)


def _levels(clusters: _Clusters, cuts: Cuts) -> list[Ints]:
    """Labels at the strict, standard and loose level, each going on from the one before."""
    labels = []
    for level in (cuts.strict, cuts.standard, cuts.loose):
        _agglomerate(clusters, _in_steps(level, cuts), _in_steps(cuts.average, cuts))
        labels.append(clusters.labels())
    return labels


def _in_steps(bits: float, cuts: Cuts) -> float:
    return (bits - cuts.floor) * STEPS_PER_BIT


def _tidy(pairs: Sequence[Pair]) -> list[Pair]:
    """Each pair once, its lower member first, in order."""
    return sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})


def _links(left: Ints, right: Ints, weight: Floats, cuts: Cuts) -> tuple[Ints, Ints, Ints]:
    """Links as whole steps above the floor, each pair once with its best weight, in the order of the pairs."""
    first, second = np.minimum(left, right).astype(np.int64), np.maximum(left, right).astype(np.int64)
    steps = np.rint((np.clip(weight, cuts.floor, cuts.ceiling) - cuts.floor) * STEPS_PER_BIT).astype(np.int64)
    order = np.lexsort((-steps, second, first))
    first, second, steps = first[order], second[order], steps[order]
    keep = first != second
    keep[1:] &= (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    keep &= steps > 0
    return first[keep], second[keep], steps[keep]


def _decided(count: int, same: list[Pair], not_same: list[Pair]) -> tuple[Ints, list[Pair]]:
    """What humans joined before any link is looked at, and the decisions that cannot hold."""
    parent = list(range(count))
    members = {node: {node} for pair in same for node in pair}
    apart: dict[int, set[int]] = {}
    for one, other in not_same:
        apart.setdefault(one, set()).add(other)
        apart.setdefault(other, set()).add(one)
    contradictions = []
    for pair in same:
        low, high = sorted(_root(parent, node) for node in pair)
        if low == high:
            continue
        if any(apart.get(node, set()) & members[low] for node in members[high]):
            contradictions.append(pair)
            continue
        parent[high] = low
        members[low] |= members.pop(high)
    return np.array([_root(parent, node) for node in range(count)], dtype=np.int64), contradictions


def _root(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _between_groups(start: Ints, links: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints, Ints, Ints]:
    """Links between the groups that humans made: both groups, the sum and the best."""
    first, second, steps = links
    low, high = np.minimum(start[first], start[second]), np.maximum(start[first], start[second])
    apart = low != high
    pairs, where = np.unique(np.column_stack([low[apart], high[apart]]), axis=0, return_inverse=True)
    sums, best = np.zeros(len(pairs), dtype=np.int64), np.zeros(len(pairs), dtype=np.int64)
    np.add.at(sums, where, steps[apart])
    np.maximum.at(best, where, steps[apart])
    return pairs[:, 0], pairs[:, 1], sums, best


class _Clusters:
    """The groups as they stand: members, sizes, what links them to one another, and whom they must not join.

    A group goes by its smallest member, so its name also settles ties. A link is the sum over its pairs and the
    best of them.
    """

    def __init__(self, start: Ints, links: tuple[Ints, Ints, Ints], not_same: list[Pair]) -> None:
        self.start = start
        self.into = np.arange(len(start), dtype=np.int64)
        names, sizes = np.unique(start, return_counts=True)
        self.size = dict(zip(names.tolist(), sizes.tolist(), strict=True))
        self.links: dict[int, dict[int, Pair]] = {}
        for low, high, *link in zip(*(column.tolist() for column in _between_groups(start, links)), strict=True):
            self.links.setdefault(low, {})[high] = self.links.setdefault(high, {})[low] = (link[0], link[1])
        self.apart: dict[int, set[int]] = {}
        for one, other in not_same:
            low, high = int(start[one]), int(start[other])
            self.apart.setdefault(low, set()).add(high)
            self.apart.setdefault(high, set()).add(low)

    def may_join(self, low: int, high: int) -> bool:
        return high not in self.apart.get(low, ())

    def join(self, low: int, high: int) -> dict[int, Pair]:
        """Put the higher into the lower; the lower's links now."""
        self.into[high] = low
        mine, theirs = self.links[low], self.links.pop(high)
        del mine[high], theirs[low]
        if len(theirs) > len(mine):
            mine, theirs = theirs, mine
        for other, (total, best) in theirs.items():
            had = mine.get(other, (0, 0))
            mine[other] = (had[0] + total, max(had[1], best))
        self.links[low] = mine
        for other, link in mine.items():
            row = self.links[other]
            row.pop(high, None)
            row[low] = link
        self.size[low] += self.size.pop(high)
        for other in self.apart.pop(high, ()):
            self.apart.setdefault(low, set()).add(other)
            self.apart[other].discard(high)
            self.apart[other].add(low)
        return mine

    def labels(self) -> Ints:
        """The group of every spell as things stand."""
        while not np.array_equal(self.into, self.into[self.into]):
            self.into = self.into[self.into]
        return self.into[self.start]


def _agglomerate(clusters: _Clusters, least_link: float, least_average: float) -> None:
    """Join groups, the best average first, while one is left whose best link and average are enough."""
    size = clusters.size

    def entry(one: int, other: int, link: Pair) -> list[tuple[float, int, int, int, int]]:
        """What is out of date once either group has grown: the sizes tell."""
        low, high = min(one, other), max(one, other)
        average = link[0] / (size[low] * size[high])
        enough = link[1] >= least_link and average >= least_average
        return [(-average, low, high, size[low], size[high])] if enough else []

    heap = [
        found
        for one, row in clusters.links.items()
        for other, link in row.items()
        if one < other
        for found in entry(one, other, link)
    ]
    heapq.heapify(heap)
    while heap:
        _, low, high, *sizes = heapq.heappop(heap)
        if [size.get(low), size.get(high)] != sizes or not clusters.may_join(low, high):
            continue
        for third, link in clusters.join(low, high).items():
            for found in entry(low, third, link):
                heapq.heappush(heap, found)


def _connected(count: int, left: Ints, right: Ints, pairs: Sequence[Pair]) -> Ints:
    """Connected components, each named for its smallest member: every spell takes its neighbours' least name."""
    extra = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    one, other = np.concatenate([left, extra[:, 0]]), np.concatenate([right, extra[:, 1]])
    label = np.arange(count, dtype=np.int64)
    while len(one):
        least = np.minimum(label[one], label[other])
        # Whole groups move at once: a group is renamed through the name it has.
        np.minimum.at(label, label[one], least)
        np.minimum.at(label, label[other], least)
        while not np.array_equal(label, label[label]):
            label = label[label]
        apart = label[one] != label[other]
        one, other = one[apart], other[apart]
    return label
