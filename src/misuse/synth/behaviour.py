"""What happened on each call and after it: times, grades, results, deployments, by what it truly was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from misuse.synth import codes, population
from misuse.synth.calls import Calls

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.signedinteger[Any]]
Flags = npt.NDArray[np.bool_]

_GROUP = np.array([("genuine", "unintentional", "nonemergency", "misuse").index(code.group) for code in codes.CODES])
GENUINE, MISUSE = 0, 3
_TALK = np.array([code.talk for code in codes.CODES])
_WRAP = np.array([code.wrap for code in codes.CODES])
_GRADES = np.cumsum([code.grades for code in codes.CODES], axis=1)
_RESULTS = np.cumsum([*(codes.RESULTS_BY_GROUP[code.group] for code in codes.CODES), codes.RESULTS_MISCODED], axis=1)
_MISCODED_ROW = len(codes.CODES)
_IS_MISUSE_CODE = np.array([*(code.group == "misuse" for code in codes.CODES), False])
_ABANDONED = codes.INDEX["ABANDONED"]
_NEED = len(codes.NEED_RESULTS)

# By grade: the chance that a unit is sent, the median seconds to arrival and the mean units sent.
_SENT = np.array([0.96, 0.88, 0.30, 0.05, 0.0])
_ARRIVAL = np.array([500.0, 1500.0, 5400.0, 9000.0, 1.0])
_UNITS = np.array([1.1, 0.45, 0.15, 0.05, 0.0])  # beyond the first


@dataclass(frozen=True)
class Facts:
    """Parallel to the calls. Minus one stands for 'not measured' or 'none'."""

    answer: Ints  # seconds from receipt to answer
    talk: Ints
    wrap: Ints
    opening: Ints
    result: Ints
    grade: Ints
    qualifier: Ints
    borough: Ints
    units: Ints
    unit_seconds: Ints
    assigned: Ints  # seconds from receipt
    arrived: Ints
    is_coded_misuse: Flags
    is_truly_misuse: Flags
    is_doubtful: Flags


def chosen(cumulative: Floats, rows: Ints, rng: np.random.Generator) -> Ints:
    """For each row of a table of cumulative chances, one of its columns."""
    chance = rng.random(len(rows))
    choice = np.zeros(len(rows), dtype=np.int8)
    for column in range(cumulative.shape[1] - 1):
        choice += chance >= cumulative[rows, column]
    return choice


def facts(calls: Calls, rng: np.random.Generator) -> Facts:
    """Everything that follows from what each call was and how it was coded.

    No array is kept wider than it must be: of a hundred million calls all stand in memory at once.
    """
    opening = _opening(calls, rng)
    nuisance = opening == codes.INDEX["NUISANCE CALL"]
    coded = _IS_MISUSE_CODE[calls.closing] | ((calls.closing == codes.BLANK) & nuisance)
    truly = (_GROUP[calls.true_code] == MISUSE) & (calls.role < population.FIRST_PERSONA)
    answer, talk, wrap = _handling(calls, rng)
    wrong = coded & ~truly
    grade = chosen(_GRADES, calls.true_code, rng)
    # A call taken for misuse is graded as misuse, two times out of three.
    grade[wrong & (rng.random(len(calls)) < 0.67)] = len(codes.GRADES) - 1
    result = chosen(_RESULTS, np.where(wrong, np.int16(_MISCODED_ROW), calls.true_code), rng)
    # A person in need whose call shows nothing: the code stands uncontradicted, only a marker may tell.
    silent = wrong & (calls.role >= population.FIRST_PERSONA) & (rng.random(len(calls)) < 0.8)
    result[silent] = codes.RESULTS.index("NO_FURTHER_ACTION")
    units, unit_seconds, assigned, arrived = _deployment(calls, grade, np.maximum(answer, 0), rng)
    return Facts(
        answer, talk, wrap, opening, result, grade, _qualifiers(len(calls), rng), _boroughs(calls, rng),
        units, unit_seconds, assigned, arrived, coded, truly,
        coded & ((result < _NEED) | (calls.closing == codes.BLANK)),
    )  # fmt: skip


def _opening(calls: Calls, rng: np.random.Generator) -> Ints:
    """A hoax opens as what it pretends to be; most other calls as what they turn out to be."""
    size = len(calls)
    weights = np.array([code.weight if code.group == "genuine" else 0.0 for code in codes.CODES])
    guess = np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(size), side="right").clip(
        0, len(weights) - 1
    )
    truly = np.where(calls.true_code == codes.INDEX["HOAX"], guess, calls.true_code)
    opening = np.where(rng.random(size) < 0.14, guess, truly)
    blank = (calls.closing == codes.BLANK) & (_GROUP[calls.true_code] == MISUSE)
    return np.where(blank, codes.INDEX["NUISANCE CALL"], opening).astype(np.int16)


def _handling(calls: Calls, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Seconds to answer (71% within ten, a mean near sixteen), of talk and of wrap-up."""
    size = len(calls)
    quick = rng.random(size) < 0.70
    answer = np.where(quick, rng.integers(1, 10, size), 10 + rng.exponential(32, size).astype(np.int64))
    answer = answer.astype(np.int32)
    talk = np.rint(_TALK[calls.true_code] * np.exp(rng.normal(0, 0.48, size))).astype(np.int32).clip(4, 7200)
    wrap = np.rint(rng.gamma(1.6, 1 / 1.6, size) * _WRAP[calls.true_code]).astype(np.int32)
    # Abandoned before an answer: nothing was said, and the log has no time of answer.
    lost = (calls.closing == _ABANDONED) & (rng.random(size) < 0.35)
    answer[lost] = talk[lost] = -1
    return answer, talk, wrap


def _deployment(calls: Calls, grade: Ints, answer: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints]:
    size = len(calls)
    sent = rng.random(size) < _SENT[grade]
    units = np.where(sent, 1 + rng.poisson(_UNITS[grade]), 0).astype(np.int16)
    assigned = answer + 40 + rng.exponential(70, size).astype(np.int32) + np.where(grade >= 2, 1800, 0).astype(np.int32)
    travel = _ARRIVAL[grade] * np.exp(rng.normal(0, 0.62, size))
    arrived = assigned + travel.astype(np.int32).clip(60, 10 * 3600)
    on_scene = np.where(_GROUP[calls.true_code] == MISUSE, 16 * 60, 42 * 60) * np.exp(rng.normal(0, 0.7, size))
    unit_seconds = (units * (on_scene + travel * 0.8)).astype(np.int32)
    came = sent & (rng.random(size) < 0.97)
    unit_seconds[~sent], assigned[~sent], arrived[~came] = 0, -1, -1
    return units, unit_seconds, assigned, arrived


def _qualifiers(size: int, rng: np.random.Generator) -> Ints:
    at = np.searchsorted(np.cumsum(codes.QUALIFIER_CHANCES), rng.random(size), side="right")
    return at.clip(0, len(codes.QUALIFIERS) - 1).astype(np.int8)


def _boroughs(calls: Calls, rng: np.random.Generator) -> Ints:
    """Mostly the caller's own borough; it is the incident's that is logged."""
    home = population.home_boroughs(calls.person).astype(np.int16)
    elsewhere = population.home_boroughs(rng.integers(0, 2**40, len(calls))).astype(np.int16)
    return np.where(rng.random(len(calls)) < 0.82, home, elsewhere)
