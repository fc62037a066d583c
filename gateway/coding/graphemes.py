"""Where a text may be cut without harming what a reader sees as one character.

The rules of Unicode annex 29 that matter in messages: combining sequences, emoji joined or modified,
flags, Hangul syllables, CR LF. Left out: prepended marks (GB9b) and Indic conjuncts (GB9c).
"""

import re
import unicodedata

_ZWJ = "\u200d"
#: Joiners, half-width voicing marks, emoji modifiers and tags. Marks (category M) are asked of unicodedata.
_EXTENDS = re.compile("[\u200c\u200d\uff9e\uff9f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_HANGUL_L = re.compile("[\u1100-\u115f\ua960-\ua97c]")
_HANGUL_V = re.compile("[\u1160-\u11a7\ud7b0-\ud7c6]")
_HANGUL_T = re.compile("[\u11a8-\u11ff\ud7cb-\ud7fb]")
_HANGUL_FIRST, _HANGUL_LAST, _HANGUL_FINALS = 0xAC00, 0xD7A3, 28
#: Below the first combining mark only CR LF must stay together.
_FIRST_MARK = "\u0300"


def may_cut(text: str, at: int) -> bool:
    """True when no reader's character spans ``text[at - 1]`` and ``text[at]`` (0 < at < len(text))."""
    before, after = text[at - 1], text[at]
    if after < _FIRST_MARK:
        return before != "\r" or after != "\n"
    if _is_extending(after) or before == _ZWJ:
        return False
    if _is_flag_half(after):
        return _flag_halves_before(text, at) % 2 == 0
    return not _is_one_syllable(before, after)


def last_cut(text: str, start: int, end: int) -> int:
    """The last place in (start, end] where the text may be cut; ``end`` when there is none.

    A sequence longer than the whole range (a letter under a hundred accents) has to be cut somewhere.
    """
    if end >= len(text):
        return end
    return next((at for at in range(end, start, -1) if may_cut(text, at)), end)


def _is_extending(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" or _EXTENDS.match(char) is not None


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_halves_before(text: str, at: int) -> int:
    first = at
    while first > 0 and _is_flag_half(text[first - 1]):
        first -= 1
    return at - first


def _is_one_syllable(before: str, after: str) -> bool:
    """Annex 29 rules GB6 to GB8."""
    if _HANGUL_L.match(before):
        return _HANGUL_L.match(after) is not None or _HANGUL_V.match(after) is not None or _is_hangul(after)
    if _HANGUL_V.match(before) or _ends_in_vowel(before):
        return _HANGUL_V.match(after) is not None or _HANGUL_T.match(after) is not None
    if _HANGUL_T.match(before) or _is_hangul(before):
        return _HANGUL_T.match(after) is not None
    return False


def _is_hangul(char: str) -> bool:
    return _HANGUL_FIRST <= ord(char) <= _HANGUL_LAST


def _ends_in_vowel(char: str) -> bool:
    return _is_hangul(char) and (ord(char) - _HANGUL_FIRST) % _HANGUL_FINALS == 0
