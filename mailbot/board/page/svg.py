"""From matplotlib's SVG to one that stands inside a page: small, the same each time, in the page's colours and fonts.

matplotlib writes style attributes, which a page's policy forbids, fixed colours, ids that two charts on a page would
share, and a description of itself. Here they become presentation attributes (SVG 2, 6.6), variables of the page's style
and ids of the chart's own; numbers are cut to a tenth of a pixel. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from defusedxml.ElementTree import fromstring

if TYPE_CHECKING:
    from collections.abc import Mapping

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_KEPT = frozenset(
    {"fill", "fill-opacity", "font-size", "font-weight", "opacity", "stroke", "stroke-dasharray", "stroke-linecap"}
    | {"stroke-linejoin", "stroke-opacity", "stroke-width", "text-anchor"}
)
_NUMBER = re.compile(r"-?(?<!\d)\d++\.\d++")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

COLOURS = {
    "ink": "#010101",
    "soft": "#020202",
    "line": "#030303",
    "still": "#040404",
    "sheet": "#050505",
    **{f"c{number}": f"#06060{number}" for number in range(10)},
}
"""What a chart is drawn in, by the variable of the page's style that it becomes."""

_VARIABLES = {colour: f"var(--{name})" for name, colour in COLOURS.items()}


def inline(raw: str, *, key: str, texts: Mapping[str, str], title: str, description: str) -> str:
    """Return the SVG of a chart for the inside of a page.

    ``texts`` are the words that stand for others in the drawing, as ``@3``: names of teams never go through matplotlib,
    which would take some of their signs for formulas. ``title`` and ``description`` are what those hear who do not see.
    """
    root = fromstring(raw)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{_SVG}metadata", f"{_SVG}style"} or (child.tag == f"{_SVG}g" and not len(child)):
                parent.remove(child)
    ids = _ids(root, key)
    for element in root.iter():
        _clean(element, ids, texts)
    _describe(root, key, title, description)
    text = ET.tostring(root, encoding="unicode", short_empty_elements=True)
    return re.sub(r">\s+<", "><", re.sub(r"\bsvg:|:svg(?==)", "", text))


def _ids(root: ET.Element, key: str) -> dict[str, str]:
    """Return a short id of this chart's own for each that is referred to."""
    used = {value.lstrip("#") for element in root.iter() if (value := element.get(_LINK))}
    used |= {found for e in root.iter() for found in re.findall(r"url\(#(.+?)\)", e.get("clip-path", ""))}
    return {old: f"{key}-{number}" for number, old in enumerate(sorted(used))}


def _clean(element: ET.Element, ids: Mapping[str, str], texts: Mapping[str, str]) -> None:
    """Bring one element into the page's form."""
    element.tag = element.tag.removeprefix(_SVG)
    attributes = dict(element.attrib)
    element.attrib.clear()
    style = dict(part.split(":", 1) for part in attributes.pop("style", "").split("; ") if ":" in part)
    attributes |= {name: value.strip() for name, value in style.items() if name in _KEPT}
    for name, value in attributes.items():
        if name == "id":
            if value in ids:
                element.set("id", ids[value])
        elif name == _LINK:
            element.set("href", f"#{ids[value.lstrip('#')]}")
        elif not (name == "transform" and value.startswith("rotate(-0")):
            element.set(name, _value(value, ids))
    if element.text and element.text.strip() in texts:
        element.text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", texts[element.text.strip()])


def _value(value: str, ids: Mapping[str, str]) -> str:
    """Shorten an attribute's value, and put in the page's colours and the chart's ids."""
    if value in _VARIABLES:
        return _VARIABLES[value]
    if found := re.fullmatch(r"url\(#(.+)\)", value):
        return f"url(#{ids[found[1]]})"
    return " ".join(_NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value).split())


def _describe(root: ET.Element, key: str, title: str, description: str) -> None:
    """Name the picture for those who do not see it; its width is the page's affair."""
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{key}-title {key}-text", "class": "chart"}
    root.attrib |= {"stroke-linejoin": "round", "font-size": "12"}
    for number, (name, end, words) in enumerate((("title", "title", title), ("desc", "text", description))):
        made = ET.Element(name, {"id": f"{key}-{end}"})
        made.text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", words)
        root.insert(number, made)
