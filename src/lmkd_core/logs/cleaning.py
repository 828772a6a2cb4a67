"""Restores the characters of a log line that editors, web pages, terminals and languages change.

Typographic quotes, no-break spaces, digits of other scripts, HTML entities, colours and the kernel's escapes
become what the device wrote. Plain ASCII without such marks passes unchanged, and fast.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata

COLOUR = re.compile(r"\x1b\[[0-9;?]{0,16}[A-Za-z]|\[\d{1,3}(?:;\d{1,3}){0,4}m")
"""A terminal's escape sequence, or its rest after the escape character was lost."""

ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,5}|lt|gt|amp|quot|apos|nbsp);")
TAG = re.compile(r"</?(?:p|code|pre|span|div|li|td|tr|font|b|i|em|strong|tt)(?: [^<>]{0,200})?>")
BREAK = re.compile(r"<br ?/?>|\\x0a|\\r\\n|\\n|#012")
"""A line break as a web page, printk, JSON or syslog writes it within one line."""

LETTERS = {
    **dict.fromkeys("‘’‚‛′´ʼ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("﹕：∶꞉", ":"),
    **dict.fromkeys("‐‑‒–—−", "-"),
    **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u061c\u202a\u202b\u202c", ""),
    **dict.fromkeys("\u2066\u2067\u2068\u2069\u00ad", ""),
    "…": "...",
    "٫": ".",
    "٬": "",
    "،": ",",
}


ESCAPE = re.compile(r"\\u00([2-7][0-9a-fA-F])")
"""An ASCII character as JSON escapes it for web pages."""

TAIL = re.compile(r"[\"'`] *+[,}\])]")
"""The rest of a JSON object behind the text that ends with the break."""

ENDS = " \t\r\"'`,;>"
"""What may be left of a line behind a written-out break at its end."""


def _table() -> dict[int, str]:
    table = {ord(letter): text for letter, text in LETTERS.items()}
    for code in range(128, sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if category == "Nd":
            table[code] = str(unicodedata.decimal(chr(code)))
        elif category == "Zs":
            table[code] = " "
    table |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code not in table}
    return table


_TABLE: dict[int, str] = {}


def clean(line: str) -> str:
    """Returns the line as the device wrote it, as far as this can be known; it may have line breaks."""
    if not line.isascii():
        if not _TABLE:
            _TABLE.update(_table())
        line = line.translate(_TABLE)
    if "m" in line and "[" in line:
        line = COLOUR.sub("", line)
    if "&" in line and ENTITY.search(line):
        line = html.unescape(html.unescape(line)).replace("\xa0", " ")
    if "<" in line:
        line = TAG.sub("", line)
    if "\\" in line:
        line = ESCAPE.sub(lambda match: chr(int(match[1], 16)), line)
        line = line.replace("\\'", "'").replace('\\"', '"').replace("\\t", " ")
    return line


def parts(line: str) -> list[str]:
    """Splits a cleaned line at the line breaks that are written out within it."""
    if "\\" in line or "<br" in line or "#012" in line:
        first, *others = BREAK.split(line)
        return [first, *(text for text in others if text.strip(ENDS) and not TAIL.match(text))]
    return [line]
