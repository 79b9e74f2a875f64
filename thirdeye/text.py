"""The one rule for text that people write: every mutation and every body of REST keeps only what passes here."""

import unicodedata
from typing import Final

from thirdeye.errors import BadInput

# Controls, halves of surrogate pairs, separators of lines and paragraphs.
_REFUSED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They change the order in which what follows is shown, so that a text may read as another than it is.
_BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OF_LINES: Final = frozenset("\n\t")
# Of these alone no text is made. Letters that are younger than Python's tables (Cn) are not among them.
_INVISIBLE: Final = _REFUSED | {"Cf", "Zs"}


def clean_text(
    value: str, argument: str, *, longest: int, shortest: int = 1, lines: bool = False, exact: bool = False
) -> str:
    """The text, trimmed: so many characters, of which none controls how a terminal or a page shows it.

    `lines`: it may be of several lines. `exact`: it names something that others named, so its letters stay as they are;
    else they are composed, so that a search finds accents however they were typed. Raises BadInput naming the argument.
    """
    text = value if exact else unicodedata.normalize("NFC", value)
    text = (text.replace("\r\n", "\n") if lines else text).strip()
    check_characters(text, argument, lines=lines)
    if not shortest <= len(text) <= longest or (shortest and not _is_visible(text)):
        least = f"{shortest} to " if shortest else "at most "
        raise BadInput(f"{argument}: must have {least}{longest} characters", argument)
    return text


def check_characters(text: str, argument: str, *, lines: bool = False) -> None:
    """Raises BadInput for a text with a character that controls how it is shown."""
    if any(_is_refused(character) and not (lines and character in _OF_LINES) for character in text):
        raise BadInput(f"{argument}: must not hold control characters", argument)


def visible(text: str) -> str:
    """A text for a terminal: what controls one is written as its number."""
    return "".join(f"\\u{ord(each):04x}" if _is_refused(each) else each for each in text)


def _is_refused(character: str) -> bool:
    return character in _BIDI_CONTROLS or (not character.isprintable() and unicodedata.category(character) in _REFUSED)


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(character) not in _INVISIBLE for character in text)
