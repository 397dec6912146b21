"""Invented words: names from syllables, streets that are nowhere, remarks about nobody.

The remarks keep clear of the words that a hard stop listens for, except `CODEWORD_REMARKS`.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST_HEADS = _words("Bren Tav Osk Mirr Jeld Quor Fenn Alv Sarn Thil Vey Dorr Kesk Lum Harb Yst Orv Pell Rusk Zam")
_FIRST_TAILS = _words("dle wick ollo ane ith uro essa imund orra elyn")
_LAST_HEADS = _words(
    "Osfar Kettle Bram Thorn Wex Dray Hollo Marl Quil Sted Vanter Pemb Grim Ald Cray Fos Hask Jor Lind Morv "
    "Nether Ork Pran Rud Skel Tarn Ulver Wyn Yar Zell"
)
_LAST_TAILS = _words(
    "row mere tock ingle worth ash beck dale ford gate holt kin lock moor ney pool rick sett tham vane"
)
_STREET_HEADS = _words(
    "Quillmarsh Tannet Oxbarrow Lintel Harrowfen Copperash Sallowby Brackwater Fennimore Dunmallow Orrery Wexcombe "
    "Pellgrave Thistlemoor Yarnley Marlpit Gossmere Hookbeck Sandwarren Tolliver Umberley Vellacre Wickstead Zenner "
    "Cattermole Drumlin Eddlewick Farthingale Greywether Hazelrigg"
)
_STREET_TAILS = ("Road", "Street", "Lane", "Close", "Gardens", "Terrace", "Avenue", "Mews", "Walk", "Rise")

# Two in a hundred carry an accent, so that the encoding of the file matters.
FIRST_NAMES = (*(a + b for a in _FIRST_HEADS for b in _FIRST_TAILS), "Zéphrile", "Søndrik", "Aüdelle", "Moïrane")
LAST_NAMES = tuple(a + b for a in _LAST_HEADS for b in _LAST_TAILS)
STREETS = tuple(f"{a} {b}" for a in _STREET_HEADS for b in _STREET_TAILS)


def misspelt(word: str) -> str:
    """The word as it is heard over a bad line: a letter doubled, dropped or swapped."""
    at = 2 + sum(map(ord, word)) % max(len(word) - 3, 1)
    way = len(word) % 3
    if way == 0:
        return word[:at] + word[at] + word[at:]
    if way == 1:
        return word[:at] + word[at + 1 :]
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


LAST_NAMES_MISSPELT = tuple(misspelt(name) for name in LAST_NAMES)
STREETS_SHORTENED = tuple(
    street.replace("Street", "St").replace("Road", "Rd").replace("Avenue", "Ave").replace("Gardens", "Gdns")
    for street in STREETS
)

PLACE_WORDS: dict[str, str] = {
    "care_home": "Care Home",
    "hospital": "Hospital",
    "hostel": "Hostel",
    "refuge": "House",
    "switchboard": "Trading Ltd",
    "kiosk": "Public Telephone",
    "alarm_line": "Alarm Receiving Centre",
    "school": "School",
}

REMARKS: dict[str, tuple[str, ...]] = {
    "genuine": (
        "Informant reports incident in progress, units requested",
        "Two males involved, one may have left towards the station",
        'Informant states "they are still outside", will keep line open',
        "Victim is with informant and safe, no injuries seen",
        "Informant is a passer-by and will not wait",
        "Vehicle made off, part index given, colour grey",
        "Ambulance informed\nETA 9 minutes\nUnits to stand by",
        "Heard shouting, then glass breaking; line poor",
        "Previous call from same location, see linked reference",
        "Suspect described as tall, dark coat, carrying a bag",
        'Neighbour reports noise, "banging", for the last hour',
        "Premises searched, area search negative",
        "Informant unable to give exact address, near the canal bridge",
        "Caller cut off, called back, now speaking",
    ),
    "unintentional": (
        "Line open, background voices, no request",
        "Dropped by operator, no reply on call back",
        "Caller apologised, dialled in error",
        "Rustling only, believed handset in pocket",
        "No speech, line cleared after prompts",
        "Child breathing heard, parent came on line, all in order",
    ),
    "nonemergency": (
        "Advised to use 101 or the website",
        "Enquiry about lost property, advised",
        "Already reported by others, linked",
        'Asked for an update on a report, told "no change"',
        "Matter for the council, number given",
    ),
    "misuse": (
        "Caller known to room, same complaint as before",
        'Shouted "you lot are useless", cleared line',
        "Laughing in background, false name given",
        "Asked for the time and football scores",
        "Swore at operator, refused to give location",
        "Reported fire at own address, brigade attended, no trace",
        "Heavy breathing, then singing\nCleared by caller",
        "Wanted a lift home, was told this is not for 999",
        'Claims neighbour\'s cat is "spying", no offence',
        "Third call this hour, no new information",
        "Said it was a joke, hung up",
        "Complaint about a parcel, abusive when advised",
    ),
}
CODEWORD_REMARKS = (
    "Caller asked for a pizza, operator thought it a prank",
    "Female ordering a taxi in a whisper, line cleared",
)
