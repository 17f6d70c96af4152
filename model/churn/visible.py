"""Text that comes from elsewhere, made fit to be shown: what would steer a terminal or a reader's eye is spelled out.

Managers, engines and files may print anything: escape sequences that clear the screen or retitle the window, marks that
reverse the direction of reading, halves of characters that no file can hold. Each of these is shown as Python spells it.
"""

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but for tab and newline
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks of direction
    "\u2028\u2029\ufeff"  # ends of lines that few programs know, and the byte order mark
    "\ud800-\udfff]"  # halves of characters
)


def visible(text: str) -> str:
    """The text with each such character spelled out: ``\\x1b``. Tabs and newlines stay, and ``\\r\\n`` is a newline."""
    return _HIDDEN.sub(_spelled, text.replace("\r\n", "\n")) if _HIDDEN.search(text) else text


def on_one_line(text: str) -> str:
    """As `visible`, on one line: newlines are spelled out, too."""
    return visible(text).replace("\n", "\\n")


def harmless_json(text: str) -> str:
    """A JSON document in which these characters, which can stand in its strings only, are escaped: it says the same."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def both_ends(text: str, most: int) -> str:
    """The text, or where it has more than `most` characters its beginning and its end, and between them how much is missing."""
    left = len(text) - most
    if left <= 0:
        return text
    return f"{text[: most - most // 2]}… [{left} characters left out] …{text[len(text) - most // 2 :]}"


def _spelled(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < _BEYOND_BYTES else f"\\u{number:04x}"


_BEYOND_BYTES = 0x100
