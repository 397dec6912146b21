"""Words that could be read as leave not to answer, attend or respond: people have died of it. Pure.

One list for what the project itself writes, which tests hold against it, and for what people type into papers that others
act on, which is refused. Every call goes on being answered and met on its merits, whoever makes it.
"""

from __future__ import annotations

import re
import unicodedata

from misuse.errors import UsageError

__all__ = ["advises", "cause", "gives_leave", "refuse_leave", "says_unanswered"]

WHOSE = (
    r"(?:(?:the|this|these|that|those|their|his|her|its|any|all|every|further|future|such|repeat|persistent|an?)\s+)*"
)
CALL = r"(?:callers?|calls|call(?! from being| to the|-)|999|emergenc(?:y|ies))"
LINE = r"(?:numbers?|lines?|handsets?|telephones?|phones?|sims?)"
NOT = (
    r"(?:do not|don['’]t|does not|need not|needn['’]t|must not|should not|shall not|cannot be|never|no need to|not to|"
    r"stop|cease|refuse to|decline to|avoid|without|instead of|rather than|not be|no longer)"
)
_ADVICE = re.compile(
    rf"\b{NOT}\s+(?:be\s+)?(?:answer|attend|respond|deploy|di?e?spatch|assist|help)(?:ed|ing)?\b"
    rf"|\b{NOT}\s+(?:be\s+)?(?:send|sent|take|taken|accept|accepted|pick(?:ed)? up|put through|call(?:ed)? back|visit(?:ed)?)"
    rf"\s+{WHOSE}(?:{CALL}|officers|units|anybody|anyone|a response)\b"
    rf"|\b(?:ignor|disregard|dismiss|deprioriti[sz]|downgrad|divert|reject|refus|declin|drop|terminat|screen out|cut off|"
    rf"hang up on|clos)(?:e|es|ed|ing|s|ped|ping)?\s+{WHOSE}{CALL}\b"
    rf"|\b(?:block|cut off|disconnect|suspend|terminat|withdraw|blacklist|blocklist|throttl|unplug)(?:e|s|ed|es|ing|ting)?"
    rf"\s+{WHOSE}(?:{LINE}|service)\b|\bbar(?:s|red|ring)?\s+{WHOSE}(?:{LINE}|service)\b"
    r"|\b(?:no|without)\s+(?:police\s+)?(?:response|attendance|deployment|answer|reply|units?|officers?|visit)\s+"
    r"(?:(?:is|are|was|will be|to be|need be|should be)\s+)?(?:needed|required|necessary|sent|made|given|justified|warranted)\b"
    rf"|\bleav(?:e|es|ing)\s+{WHOSE}{CALL}?\s*(?:unanswered|unattended|to ring)\b"
    rf"|\b(?:back of the queue|lowest priority|low priority)\b|\bhang(?:ing)? up on\b|\bcall[ -]barring\b|\bdisconnection\b"
    rf"|\btreat(?:ed|s)?\s+{WHOSE}{CALL}\s+as\s+(?:a\s+)?(?:hoax|nuisance|time[ -]wast)",
    re.IGNORECASE,
)
# Sentences that say that no such thing is meant, or tell what others did, may name it.
_DENIAL = re.compile(
    r"\bnothing\b|\bnobody may\b|\bno (?:page|list|output|row|entry|case|line|text|option|advice)\b"
    r"|\b(?:not|never|no) (?:a |the )?(?:reason|ground|word)s?\b|\badvice (?:not )?to\b|\badvis(?:es|ing) not to\b"
    r"|\bnever (?:advise|say|tell|mean)s?\b|\bsay(?:s|ing)? not to\b|\bwas (?:closed|dismissed|seen)\b",
    re.IGNORECASE,
)

# The same told shortly, in strings and templates of the program.
_LEAVE = r"(?:answer|attend|respond|deploy|dispatch)(?:ed|ing)?"
_ITS = r"(?:the|this|these|that|those|their|his|her|any|all|further|future|such)"
_UNANSWERED = re.compile(
    r"\b(?:do not|don['’]t|does not|need not|needn['’]t|must not|should not|never|stop|cease|refuse to|without|no need to"
    rf"|not to|rather than|instead of)\s+(?:be\s+)?{_LEAVE}\b"
    r"|\b(?:ignor|disregard|dismiss|deprioriti[sz]|downgrad|divert|reject|screen out)(?:e|es|ed|ing|s)?\s+"
    rf"(?:{_ITS}\s+)?(?:callers?|calls|emergenc(?:y|ies)|call from)\b"
    rf"|\b(?:block|bar)(?:s|k?ing|ring|red|ked)?\s+{_ITS}\s+(?:number|line)s?\b"
    r"|\bhang(?:ing)? up on\b|\bno (?:response|answer|deployment|attendance) (?:is )?(?:needed|required|necessary)\b"
    r"|\bcall[ -]barring\b",
    re.IGNORECASE,
)
_MEANT_OTHERWISE = re.compile(
    r"\b(?:nothing|no (?:page|list|output|row|entry|case|line)|(?:not|never|no) (?:a )?(?:reason|ground)s?)\b",
    re.IGNORECASE,
)

# What people type is shorter, and no sentence of theirs is a denial: whoever is asked to act reads the rest of it alone.
_ACTING = r"(?:answer|attend|respond|reply|deploy|di?e?spatch)"
_TYPED = re.compile(
    rf"\b(?:{NOT}|dont|neednt|not|no)\s+(?:be\s+|ever\s+|to\s+|bother\s+|need\s+to\s+)*{_ACTING}(?:s|ed|ing|ance)?\b"
    rf"|\b(?:{NOT}|dont|neednt|not|no)\s+(?:be\s+|ever\s+|to\s+|bother\s+)*(?:send|sent|sending)\s+(?:\w+\s+){{0,2}}"
    r"(?:officers?|units?|any(?:body|one)|police|patrols?|cars?|help|ambulances?|crews?|response|resources?|staff|us|him|her|them)\b"
    r"|\bignor(?:e|es|ed|ing)\s+(?:\w+\s+){0,3}(?:calls?|callers?|999|phones?|telephones?|him|her|them|it|this|emergenc(?:y|ies))\b"
    r"|\bhang(?:s|ing)?\s+up\b|\bput(?:s|ting)?\s+(?:\w+\s+)?(?:phone|receiver)\s+down\b|\b(?:un|not\s+)(?:answered|attended)\b"
    r"|\b(?:let|leave)\s+(?:\w+\s+){1,2}(?:ring|be|alone)\b|\bcut(?:s|ting)?\s+(?:\w+\s+){0,2}off\b"
    rf"|\b(?:{NOT}|dont|neednt)\s+pick(?:ing)?\s+(?:\w+\s+)?up\b",
    re.IGNORECASE,
)
# "Do not ignore her calls" asks for an answer.
_KEEPING = re.compile(
    r"\b(?:do not|don['’]?t|never|must not|should not|shall not)\s+(?:ever\s+)?"
    r"(?:ignore|disregard|dismiss|refuse|decline|hang up|stop|cease|cut off|leave)(?:\s+(?:on|to))?\b",
    re.IGNORECASE,
)
_BARE = re.compile(rf"(?:to\s+)?(?:{_ACTING}(?:ing)?|send(?:ing)?|pick(?:ing)? up)\b", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=[.!?;:,])\s+|\n+|\s+[-–—•]\s+")


def says_unanswered(text: str) -> bool:
    """Whether a text of the program tells anyone to leave a call alone."""
    return any(_UNANSWERED.search(s) and not _MEANT_OTHERWISE.search(s) for s in re.split(r"(?<=[.!?;:])\s", text))


def advises(text: str) -> bool:
    """Whether a text of the project's own tells, or could be read to tell, anybody to leave a call or a person alone."""
    sentences = re.split(r"(?<=[.!?;:])\s+|\n{2,}|\n(?=[-*|#])", re.sub(r"[`*_]", "", text))
    whole = [" ".join(sentence.split()) for sentence in sentences]
    return says_unanswered(text) or any(_ADVICE.search(one) and not _DENIAL.search(one) for one in whole)


def cause(text: str) -> str:
    """The words that could be read so, or nothing."""
    found = _ADVICE.search(" ".join(re.sub(r"[`*_]", "", text).split()))
    return found.group() if found else ""


def gives_leave(text: str, *, is_forbidding: bool = False) -> bool:
    """Whether what somebody typed could be read as leave not to answer, attend, respond or send.

    `is_forbidding`: it stands under "what not to do", where a bare "answer her calls" says so too.
    """
    plain = _plain(text)
    said = _KEEPING.sub("go on", plain)
    if any(pattern.search(said) for pattern in (_TYPED, _ADVICE, _UNANSWERED)):
        return True
    return is_forbidding and any(_BARE.match(part.strip()) for part in _SENTENCES.split(plain))


def refuse_leave(what: str, text: str, *, is_forbidding: bool = False, is_account: bool = False) -> None:
    """Errors: UsageError where what somebody typed could be read as leave not to answer, attend, respond or send.

    `is_account`: it says why, or what was found, and may tell that no unit was sent; only what asks for it is refused.
    """
    if says_unanswered(_plain(text)) if is_account else gives_leave(text, is_forbidding=is_forbidding):
        raise UsageError(
            f"the words of '{what}' could be read as leave to leave a call or a person alone; every call goes on being answered "
            "and met on its merits, whoever makes it",
            next_step="say what is to be done, and how, in other words",
        )


def _plain(text: str) -> str:
    """The text without what hides words: signs that are not seen, widths, further spaces. Lines stay."""
    shown = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    shown = re.sub(r"[`*_\"“”]", "", shown.replace("’", "'").replace("\u2010", "-"))
    return "\n".join(" ".join(line.split()) for line in re.split(r"[\r\n]+", shown.replace("-not ", " not ")))
