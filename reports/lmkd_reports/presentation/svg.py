"""Turns Vega's SVG into one that belongs in a page: small, named for screen readers, sized by the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

NAMESPACE = "{http://www.w3.org/2000/svg}"
DROPPED = ("role", "aria-roledescription", "aria-label", "aria-hidden", "class", "pointer-events", "version")
"""Attributes that would read a figure's every tick to a screen reader; title and description do instead."""

DEFAULTS = {"opacity": "1", "stroke-width": "1", "font-family": "inherit", "stroke-miterlimit": "10"}
"""Attributes with their default values: a third of a figure's size."""

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
    return ElementTree.tostring(root, encoding="unicode")


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
    for name in ("d", "transform"):
        if name in element.attrib:
            element.attrib[name] = _LONG_NUMBER.sub(_one_decimal, element.attrib[name])


def _draws_nothing(element: ElementTree.Element) -> bool:
    tag = element.tag.removeprefix(NAMESPACE)
    if tag == "g":
        return len(element) == 0
    hidden = element.get("opacity") == "0" or element.get("display") == "none"
    unpainted = tag == "path" and not {"stroke", "fill"} & set(element.keys())
    return hidden or unpainted


def _one_decimal(match: re.Match[str]) -> str:
    return f"{float(match.group()):.1f}"
