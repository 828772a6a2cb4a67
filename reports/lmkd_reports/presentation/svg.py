"""Turns Vega's SVG into one that belongs in a page: small, named for screen readers, sized by the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from lmkd_reports.presentation.svg_paths import short_number
from lmkd_reports.presentation.svg_paths import short_path
from lmkd_reports.presentation.svg_paths import tick_path
from lmkd_reports.presentation.svg_paths import translation

NAMESPACE = "{http://www.w3.org/2000/svg}"
DROPPED = ("role", "aria-roledescription", "aria-label", "aria-hidden", "class", "pointer-events", "version")
"""Attributes that would read a figure's every tick to a screen reader; title and description do instead."""

DEFAULTS = {
    "opacity": "1",
    "stroke-width": "1",
    "stroke-dasharray": "1,0",
    "font-family": "inherit",
    "font-weight": "normal",
    "stroke-miterlimit": "10",
}
"""Attributes with their default values: a third of a figure's size."""

INHERITED = ("fill", "stroke", "stroke-width", "font-size", "text-anchor")
"""Attributes that a group can say once for all its children."""

_TICK = ("transform", "x2", "y2")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")


def inline(svg: str, name: str, title: str, description: str) -> str:
    """``svg`` for use inside HTML; ``name`` is unique in the page. Texts are escaped here."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - made by vl-convert, not from outside
    width, height = root.attrib.pop("width"), root.attrib.pop("height")
    _prune(root)
    root.attrib = {
        "viewBox": f"0 0 {width} {height}",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
    }
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(NAMESPACE + tag, {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(place, element)
    ElementTree.register_namespace("", NAMESPACE[1:-1])
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _prune(element: ElementTree.Element) -> None:
    for name in DROPPED:
        element.attrib.pop(name, None)
    if element.get("transform") == "translate(0,0)":
        del element.attrib["transform"]
    for child in list(element):
        _prune(child)
        if _draws_nothing(child):
            element.remove(child)
        elif child.tag == NAMESPACE + "g" and len(child) == 1 and not child.keys():
            element[list(element).index(child)] = child[0]  # a group of one, for nothing
    for name, value in DEFAULTS.items():
        if element.get(name) == value:
            del element.attrib[name]
    if "transform" in element.attrib:
        element.attrib["transform"] = _LONG_NUMBER.sub(_one_decimal, element.attrib["transform"])
    if "d" in element.attrib:
        element.attrib["d"] = short_path(_LONG_NUMBER.sub(_one_decimal, element.attrib["d"]))
    if element.tag == NAMESPACE + "text":
        _place(element)
    elif element.tag == NAMESPACE + "g":
        _join_ticks(element)
        _hoist(element)


def _place(text: ElementTree.Element) -> None:
    """A text that is only moved says so by its position, which is shorter."""
    at = translation(text.get("transform", ""))
    if at is not None and not {"x", "y"} & set(text.keys()):
        text.attrib.pop("transform", None)
        text.attrib |= {name: short_number(number) for name, number in zip("xy", at, strict=True)}


def _join_ticks(group: ElementTree.Element) -> None:
    """Draws a group of lines that look alike, such as ticks or a grid, as one path."""
    looks = [{name: line.get(name) for name in line.attrib if name not in _TICK} for line in group]
    if (
        len(group) < 2
        or any(line.tag != NAMESPACE + "line" for line in group)
        or looks.count(looks[0]) < len(looks)
    ):
        return
    path = tick_path(
        [(line.get("transform", ""), line.get("x2", "0"), line.get("y2", "0")) for line in group]
    )
    if path is None:
        return
    first = group[0]
    for name in _TICK:
        first.attrib.pop(name, None)
    first.tag = NAMESPACE + "path"
    first.set("d", path)
    for line in list(group)[1:]:
        group.remove(line)


def _hoist(group: ElementTree.Element) -> None:
    """Says what all children have in common once."""
    for name in INHERITED:
        values = {child.get(name) for child in group}
        if len(group) > 1 and len(values) == 1 and None not in values:
            group.set(name, str(values.pop()))
            for child in group:
                del child.attrib[name]


def _draws_nothing(element: ElementTree.Element) -> bool:
    tag = element.tag.removeprefix(NAMESPACE)
    if tag == "g":
        return len(element) == 0
    hidden = element.get("opacity") == "0" or element.get("display") == "none"
    unpainted = tag == "path" and not {"stroke", "fill"} & set(element.keys())
    return hidden or unpainted


def _one_decimal(match: re.Match[str]) -> str:
    return f"{float(match.group()):.1f}"
