"""What calls are and how they are coded: the catalogue behind the log and its layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["genuine", "unintentional", "nonemergency", "misuse"]

GRADES = ("I", "S", "E", "R", "")


@dataclass(frozen=True)
class Code:
    """A closing code: what sort of call it is, how often, how long, how graded."""

    name: str
    group: Group
    weight: float  # among calls of the general public
    talk: float  # median seconds
    wrap: float  # mean seconds
    grades: tuple[float, float, float, float, float]  # chances of GRADES


CODES: tuple[Code, ...] = (
    Code("VIOLENCE", "genuine", 8.0, 235, 75, (0.42, 0.38, 0.12, 0.04, 0.04)),
    Code("DOMESTIC", "genuine", 7.5, 275, 95, (0.38, 0.46, 0.12, 0.02, 0.02)),
    Code("BURGLARY", "genuine", 3.5, 245, 80, (0.35, 0.35, 0.20, 0.06, 0.04)),
    Code("ROBBERY", "genuine", 2.6, 240, 80, (0.45, 0.38, 0.11, 0.03, 0.03)),
    Code("THEFT", "genuine", 6.5, 215, 60, (0.12, 0.24, 0.28, 0.24, 0.12)),
    Code("CRIMINAL DAMAGE", "genuine", 3.4, 205, 60, (0.12, 0.33, 0.30, 0.17, 0.08)),
    Code("ANTI SOCIAL BEHAVIOUR", "genuine", 8.5, 195, 50, (0.08, 0.32, 0.30, 0.18, 0.12)),
    Code("DISTURBANCE", "genuine", 7.5, 190, 50, (0.36, 0.42, 0.12, 0.05, 0.05)),
    Code("ROAD TRAFFIC COLLISION", "genuine", 5.5, 210, 60, (0.40, 0.34, 0.12, 0.08, 0.06)),
    Code("HIGHWAY OBSTRUCTION", "genuine", 2.6, 165, 40, (0.10, 0.34, 0.24, 0.20, 0.12)),
    Code("MISSING PERSON", "genuine", 3.0, 330, 130, (0.12, 0.48, 0.28, 0.08, 0.04)),
    Code("CONCERN FOR SAFETY", "genuine", 8.0, 265, 90, (0.34, 0.42, 0.14, 0.06, 0.04)),
    Code("SUSPICIOUS CIRCUMSTANCES", "genuine", 6.5, 205, 50, (0.24, 0.42, 0.18, 0.10, 0.06)),
    Code("INTRUDER ALARM", "genuine", 1.5, 150, 40, (0.35, 0.45, 0.10, 0.05, 0.05)),
    Code("SEXUAL OFFENCE", "genuine", 1.2, 340, 140, (0.35, 0.42, 0.18, 0.03, 0.02)),
    Code("WEAPON SEEN", "genuine", 1.8, 240, 85, (0.80, 0.15, 0.03, 0.01, 0.01)),
    Code("MENTAL HEALTH CRISIS", "genuine", 2.6, 310, 110, (0.42, 0.42, 0.10, 0.04, 0.02)),
    Code("COLLAPSE ILLNESS INJURY", "genuine", 3.4, 215, 60, (0.44, 0.36, 0.08, 0.06, 0.06)),
    Code("HATE CRIME", "genuine", 0.9, 285, 95, (0.20, 0.44, 0.26, 0.06, 0.04)),
    Code("FIRE", "genuine", 0.8, 150, 40, (0.50, 0.25, 0.05, 0.10, 0.10)),
    Code("ABANDONED", "unintentional", 6.5, 48, 45, (0.01, 0.04, 0.02, 0.13, 0.80)),
    Code("SILENT CALL", "unintentional", 3.6, 80, 45, (0.02, 0.06, 0.02, 0.10, 0.80)),
    Code("MISDIAL", "unintentional", 1.8, 55, 20, (0.0, 0.0, 0.0, 0.05, 0.95)),
    Code("POCKET DIAL", "unintentional", 2.0, 70, 25, (0.0, 0.01, 0.0, 0.05, 0.94)),
    Code("CHILD PLAYING", "unintentional", 0.5, 75, 25, (0.0, 0.01, 0.01, 0.03, 0.95)),
    Code("TEST CALL", "unintentional", 0.2, 50, 15, (0.0, 0.0, 0.0, 0.0, 1.0)),
    Code("DUPLICATE", "nonemergency", 4.0, 130, 30, (0.0, 0.0, 0.0, 0.30, 0.70)),
    Code("NON EMERGENCY", "nonemergency", 7.0, 185, 35, (0.0, 0.0, 0.06, 0.34, 0.60)),
    Code("ADVICE", "nonemergency", 4.0, 205, 35, (0.0, 0.0, 0.04, 0.26, 0.70)),
    Code("OTHER SERVICE", "nonemergency", 1.2, 120, 25, (0.0, 0.0, 0.02, 0.18, 0.80)),
    Code("HOAX", "misuse", 0.22, 148, 42, (0.08, 0.12, 0.04, 0.06, 0.70)),
    Code("NUISANCE CALL", "misuse", 0.34, 142, 28, (0.01, 0.03, 0.03, 0.06, 0.87)),
    Code("ABUSIVE CALL", "misuse", 0.16, 158, 30, (0.01, 0.03, 0.02, 0.06, 0.88)),
    Code("SILENT NUISANCE", "misuse", 0.14, 90, 24, (0.01, 0.03, 0.02, 0.05, 0.89)),
    Code("INAPPROPRIATE 999", "misuse", 0.14, 176, 30, (0.0, 0.01, 0.04, 0.15, 0.80)),
)
INDEX = {code.name: index for index, code in enumerate(CODES)}
BLANK = len(CODES)  # a closing code left empty: the opening code decides
CODE_NAMES = (*(code.name for code in CODES), "")

MISUSE_CODES = tuple(code.name for code in CODES if code.group == "misuse")
MISUSE_OPENING_CODES = ("NUISANCE CALL",)  # where the closing code is blank

RESULTS = (
    "CRIME_RECORDED",
    "ARREST_OTHER",
    "PATIENT_CONVEYED",
    "PERSON_AT_RISK",
    "ADVICE_GIVEN",
    "NO_TRACE",
    "NO_OFFENCE",
    "NO_FURTHER_ACTION",
    "CALLED_BACK",
    "REFERRED",
    "CALLER_WARNED",
    "",
)
NEED_RESULTS = RESULTS[:4]  # each contradicts a misuse code
RESULTS_BY_GROUP: dict[Group, tuple[float, ...]] = {
    "genuine": (0.27, 0.06, 0.05, 0.05, 0.24, 0.12, 0.17, 0.02, 0.0, 0.01, 0.0, 0.01),
    "unintentional": (0.0, 0.0, 0.0, 0.0, 0.02, 0.0, 0.0, 0.80, 0.17, 0.0, 0.0, 0.01),
    "nonemergency": (0.01, 0.0, 0.0, 0.0, 0.56, 0.0, 0.02, 0.08, 0.02, 0.30, 0.0, 0.01),
    "misuse": (0.0, 0.0, 0.0, 0.003, 0.02, 0.04, 0.0, 0.68, 0.0, 0.007, 0.24, 0.01),
}
# A call in earnest that was closed with a misuse code: in one of three the result shows it.
RESULTS_MISCODED = (0.15, 0.04, 0.07, 0.08, 0.03, 0.06, 0.03, 0.50, 0.0, 0.01, 0.02, 0.01)

QUALIFIERS = ("", "ALCOHOL", "WEAPON MENTIONED", "VULNERABLE", "ALCOHOL;VULNERABLE", "CHILD PRESENT")
QUALIFIER_CHANCES = (0.88, 0.06, 0.012, 0.03, 0.008, 0.01)

CHANNELS = ("999", "101")
CLI_STATUS = (
    "PRESENTED",
    "UNAVAILABLE ROAMING",
    "UNAVAILABLE VOIP",
    "UNAVAILABLE FAULT",
    "WITHHELD",
)

SHARED_MARKERS = ("care_home", "hospital", "hostel", "refuge", "switchboard", "kiosk", "alarm_line", "school")
# Markers of the general public's calls: the call must be of the code; the chance is small, since most
# people who carry a marker call once.
CODE_MARKERS: dict[str, tuple[str, float]] = {
    "DOMESTIC": ("domestic_abuse", 0.16),
    "MISSING PERSON": ("missing_person", 0.50),
    "CONCERN FOR SAFETY": ("suicidal", 0.10),
    "MENTAL HEALTH CRISIS": ("mental_health", 0.60),
    "COLLAPSE ILLNESS INJURY": ("overdose", 0.08),
    "SILENT CALL": ("silent_55", 0.02),
    "CHILD PLAYING": ("child", 0.40),
    "HATE CRIME": ("hate_crime", 0.45),
    "ANTI SOCIAL BEHAVIOUR": ("repeat_victim", 0.02),
    "POCKET DIAL": ("sos_fault", 0.04),
    "SUSPICIOUS CIRCUMSTANCES": ("vulnerable", 0.02),
}
# Every marker the log can bear besides those of shared lines; rules/hard_stops.toml says which stop what.
PERSON_MARKERS = (
    "codeword",
    "missing_person",
    "hospital_walkout",
    "overdose",
    "child_abduction",
    "suicidal",
    "domestic_abuse",
    "silent_55",
    "hate_crime",
    "repeat_victim",
    "child",
    "care_alarm",
    "medical_alarm",
    "handset_fault",
    "sos_fault",
    "dementia",
    "language",
    "vulnerable",
    "mental_health",
)
MARKERS = (*PERSON_MARKERS, *SHARED_MARKERS)
MARKER_SETS = ("", *MARKERS, "mental_health;vulnerable", "domestic_abuse;vulnerable", "child;vulnerable")
MARKER_INDEX = {markers: index for index, markers in enumerate(MARKER_SETS)}

BOROUGHS = (
    ("Barking and Dagenham", 219), ("Barnet", 389), ("Bexley", 247), ("Brent", 340), ("Bromley", 330),
    ("Camden", 210), ("Croydon", 391), ("Ealing", 367), ("Enfield", 330), ("Greenwich", 289),
    ("Hackney", 259), ("Hammersmith and Fulham", 183), ("Haringey", 264), ("Harrow", 261), ("Havering", 262),
    ("Hillingdon", 306), ("Hounslow", 288), ("Islington", 217), ("Kensington and Chelsea", 143),
    ("Kingston upon Thames", 168), ("Lambeth", 318), ("Lewisham", 300), ("Merton", 215), ("Newham", 351),
    ("Redbridge", 310), ("Richmond upon Thames", 195), ("Southwark", 308), ("Sutton", 210),
    ("Tower Hamlets", 310), ("Waltham Forest", 278), ("Wandsworth", 328), ("Westminster", 420),
)  # fmt: skip
WARDS_PER_BOROUGH = 20
