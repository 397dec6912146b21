"""Groups against a brute-force agglomeration, and what must hold of any of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse.identity import STEPS_PER_BIT, Cuts, Groups, Pair, group

CUTS = Cuts(strict=1.0, standard=0.0, loose=-2.0, review=-2.0, reach=4.0, floor=-4.0, ceiling=8.0)
LEVELS = ("strict", "standard", "loose")
Link = tuple[int, int, float]


def grouped(count: int, links: list[Link], **decisions: list[Pair]) -> Groups:
    left, right, weight = (np.array(column) for column in zip(*links, strict=True)) if links else (np.array([]),) * 3
    return group(count, left.astype(int), right.astype(int), weight.astype(float), cuts=CUTS, **decisions)


def parts(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


def by_brute_force(count: int, links: list[Link], same: list[Pair], not_same: list[Pair]) -> list[set[frozenset[int]]]:
    """The three levels as their definition says: every pair of groups reckoned anew at every step.

    Of those whose best link is enough for the level and whose average is enough at all, the best average first.
    """
    steps: dict[frozenset[int], int] = {}
    for one, other, weight in links:
        value = round((min(max(weight, CUTS.floor), CUTS.ceiling) - CUTS.floor) * STEPS_PER_BIT)
        if one != other:
            steps[frozenset((one, other))] = max(steps.get(frozenset((one, other)), 0), value)
    groups = [{node} for node in range(count)]

    def refused(one: set[int], other: set[int]) -> bool:
        return any((a in one and b in other) or (a in other and b in one) for a, b in not_same)

    for a, b in sorted({(min(pair), max(pair)) for pair in same}):
        one, other = (next(part for part in groups if node in part) for node in (a, b))
        if one is not other and not refused(one, other):
            groups.remove(other)
            one |= other
    levels = []
    for level in LEVELS:
        while best := _best(groups, steps, getattr(CUTS, level), refused):
            groups.remove(best[1])
            best[0].update(best[1])
        levels.append({frozenset(part) for part in groups})
    return levels


def _best(
    groups: list[set[int]],
    steps: dict[frozenset[int], int],
    level: float,
    refused: Callable[[set[int], set[int]], bool],
) -> tuple[set[int], set[int]] | None:
    found = []
    for one, other in itertools.combinations(sorted(groups, key=min), 2):
        values = [steps.get(frozenset((a, b)), 0) for a in one for b in other]
        average = sum(values) / len(values)
        enough = max(values) >= (level - CUTS.floor) * STEPS_PER_BIT
        if (
            enough
            and average >= (CUTS.average - CUTS.floor) * STEPS_PER_BIT
            and any(values)
            and not refused(one, other)
        ):
            found.append(((-average, min(one), min(other)), one, other))
    return min(found, key=lambda entry: entry[0])[1:] if found else None


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, list[Link], list[Pair], list[Pair]]:
    count = draw(st.integers(2, 9))
    node = st.integers(0, count - 1)
    # Few different weights make ties, and ties are where orders would show.
    weight = st.sampled_from([-6.0, -3.0, -1.0, 0.0, 0.5, 2.0, 2.0, 5.0, 12.0])
    links = draw(st.lists(st.tuples(node, node, weight), max_size=30))
    pair = st.tuples(node, node).filter(lambda found: found[0] != found[1])
    return count, links, draw(st.lists(pair, max_size=3)), draw(st.lists(pair, max_size=3))


@given(cases())
def test_levels_agree_with_brute_force(case: tuple[int, list[Link], list[Pair], list[Pair]]) -> None:
    count, links, same, not_same = case
    found = grouped(count, links, same=same, not_same=not_same)
    assert [parts(getattr(found, level)) for level in LEVELS] == by_brute_force(count, links, same, not_same)


@given(cases(), st.randoms(use_true_random=False))
def test_no_order_of_the_input_matters(case: tuple[int, list[Link], list[Pair], list[Pair]], chance: object) -> None:
    count, links, same, not_same = case
    turned = [(other, one, weight) for one, other, weight in links]
    chance.shuffle(turned)  # type: ignore[attr-defined]
    found = grouped(count, links, same=same, not_same=not_same)
    again = grouped(count, turned, same=[(b, a) for a, b in reversed(same)], not_same=not_same[::-1])
    for level in (*LEVELS, "reach"):
        assert np.array_equal(getattr(found, level), getattr(again, level))
    assert found.contradictions == again.contradictions


@given(cases())
def test_levels_are_nested_and_named_for_their_smallest(case: tuple[int, list[Link], list[Pair], list[Pair]]) -> None:
    count, links, same, not_same = case
    found = grouped(count, links, same=same, not_same=not_same)
    for inner, outer in itertools.pairwise(LEVELS):
        pairs = np.unique(np.column_stack([getattr(found, inner), getattr(found, outer)]), axis=0)
        assert len(pairs) == len(np.unique(getattr(found, inner)))
    for level in (*LEVELS, "reach"):
        labels = getattr(found, level)
        assert all(int(label) == min(np.flatnonzero(labels == label)) for label in labels)


@given(cases())
def test_human_decisions_hold_at_every_level(case: tuple[int, list[Link], list[Pair], list[Pair]]) -> None:
    count, links, same, not_same = case
    found = grouped(count, links, same=same, not_same=not_same)
    for level in LEVELS:
        labels = getattr(found, level)
        assert all(labels[one] != labels[other] for one, other in not_same)
        kept = [pair for pair in same if (min(pair), max(pair)) not in found.contradictions]
        assert all(labels[one] == labels[other] for one, other in kept)
    assert all(found.reach[one] == found.reach[other] for one, other in same)


@given(cases(), st.integers(0, 30))
def test_strong_links_and_decisions_reach_for_ever(
    case: tuple[int, list[Link], list[Pair], list[Pair]], some: int
) -> None:
    """What reaches by a strong link or a decision still does when links come and a human refuses."""
    count, links, same, not_same = case
    more = grouped(count, links, same=same, not_same=not_same)
    strong = [(one, other) for one, other, weight in links[:some] if weight >= CUTS.reach]
    assert all(more.reach[one] == more.reach[other] for one, other in [*strong, *same])


@given(cases())
def test_reach_holds_the_loose_groups_with_and_without_refusals(
    case: tuple[int, list[Link], list[Pair], list[Pair]],
) -> None:
    count, links, same, not_same = case
    found = grouped(count, links, same=same, not_same=not_same)
    for level in (found.loose, grouped(count, links, same=same).loose):
        for label in np.unique(level):
            assert len(np.unique(found.reach[level == label])) == 1


@given(cases())
def test_strangers_elsewhere_change_nothing(case: tuple[int, list[Link], list[Pair], list[Pair]]) -> None:
    """Two logs side by side group as each alone does: renumbering moves nobody."""
    count, links, same, not_same = case
    moved = [(a + count, b + count, weight) for a, b, weight in links]
    twice = grouped(2 * count, [*links, *moved], same=same, not_same=not_same)
    alone = grouped(count, links, same=same, not_same=not_same)
    plain = grouped(count, links)
    for level in LEVELS:
        assert np.array_equal(getattr(twice, level)[:count], getattr(alone, level))
        assert np.array_equal(getattr(twice, level)[count:] - count, getattr(plain, level))


def test_a_chain_is_not_one_caller() -> None:
    """Each is like the next and the ends are strangers: connected components would make them one."""
    links = [(n, n + 1, 8.0) for n in range(9)]
    found = grouped(10, links)
    assert len(parts(found.strict)) > 1
    assert parts(found.reach) == {frozenset(range(10))}


@pytest.mark.parametrize(("weight", "is_reached"), [(CUTS.reach, True), (CUTS.reach - 0.01, False)])
def test_a_link_of_just_the_reach_lets_stops_through(weight: float, is_reached: bool) -> None:
    """Stops spread from the reach's own weight up, also between groups that are too unlike to be one caller."""
    links = [(one, one + 1, weight) for one in range(9)]
    assert (parts(grouped(10, links).reach) == {frozenset(range(10))}) == is_reached


def test_not_the_same_cuts_the_weakest_link() -> None:
    links = [(0, 1, 8.0), (1, 2, 8.0), (2, 3, 5.0), (0, 2, 8.0), (0, 3, 5.0), (1, 3, 5.0)]
    assert parts(grouped(4, links).strict) == {frozenset(range(4))}
    assert parts(grouped(4, links, not_same=[(0, 3)]).strict) == {frozenset((0, 1, 2)), frozenset((3,))}
    assert parts(grouped(4, links, not_same=[(0, 3)]).reach) == {frozenset(range(4))}


def test_between_equal_links_the_lower_numbers_join() -> None:
    links = [(0, 1, 5.0), (1, 2, 5.0)]
    assert parts(grouped(3, links, not_same=[(0, 2)]).strict) == {frozenset((0, 1)), frozenset((2,))}


def test_same_decisions_that_cannot_hold_are_told() -> None:
    found = grouped(3, [], same=[(0, 1), (1, 2)], not_same=[(2, 0)])
    assert parts(found.strict) == {frozenset((0, 1)), frozenset((2,))}
    assert found.contradictions == [(1, 2)]


def test_spells_of_one_number_are_in_reach_and_no_more() -> None:
    found = grouped(2, [], reach_only=[(1, 0)])
    assert parts(found.reach) == {frozenset((0, 1))}
    assert parts(found.loose) == {frozenset((0,)), frozenset((1,))}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_without_links_everybody_is_alone(count: int) -> None:
    found = grouped(count, [])
    assert all(np.array_equal(getattr(found, level), np.arange(count)) for level in (*LEVELS, "reach"))


def test_averages_agree_with_scipy_on_a_dense_component() -> None:
    """Another's average linkage over a few hundred spells, all compared with all, no two weights alike."""
    from scipy.cluster.hierarchy import fcluster, linkage

    count = 200
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 30, count)
    left, right = np.triu_indices(count, 1)
    weight = np.where(truth[left] == truth[right], 4.0, -3.0) + rng.normal(0, 2, len(left))
    steps = np.rint((weight.clip(CUTS.floor, CUTS.ceiling) - CUTS.floor) * STEPS_PER_BIT) + rng.random(len(left)) * 1e-6
    heights = linkage(1e6 - steps, method="average")
    for average in (1.0, 0.0, -2.0):
        # No link is asked for, so the average alone decides, as it does there.
        low = CUTS.floor
        cuts = replace(CUTS, strict=low, standard=low, loose=low, review=low, average=average)
        found = group(count, left, right, weight, cuts=cuts)
        lowest = (average - CUTS.floor) * STEPS_PER_BIT
        assert parts(found.strict) == parts(fcluster(heights, 1e6 - lowest, criterion="distance"))


@pytest.mark.parametrize(
    "cuts",
    [
        {"strict": 1.0, "standard": 2.0, "loose": 0.0, "review": 0.0},
        {"strict": 1.0, "standard": 0.0, "loose": 0.5, "review": 0.0},
        {"strict": 1.0, "standard": 0.0, "loose": 0.0, "review": 1.5},
    ],
    ids=["standard over strict", "loose over standard", "review over strict"],
)
def test_cuts_that_make_no_sense_are_refused(cuts: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Cuts(**cuts)
