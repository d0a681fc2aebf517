"""Elements of a page or a picture. Pure; the standard library writes them out and escapes every text.

A template would need a library in the API process for one page, and SVG is a few kinds of element: a tree made by
functions cannot be left open, and no text of a publisher reaches it other than as text.
"""

import re
from xml.etree.ElementTree import Element, tostring

SVG = "http://www.w3.org/2000/svg"
XHTML = "http://www.w3.org/1999/xhtml"

_VOID = frozenset({"br", "link", "meta"})
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def readable(text: str) -> str:
    """A text without the characters that XML does not have; each becomes U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def element(tag: str, *content: "Element | str | None", **attributes: str | int | None) -> Element:
    """An element.

    :param content: texts and elements, in their order; None is left out.
    :param attributes: ``class_`` is ``class``, ``stroke_width`` is ``stroke-width``; None is left out.
    """
    made = Element(
        tag,
        {
            name.rstrip("_").replace("_", "-"): readable(str(value))
            for name, value in attributes.items()
            if value is not None
        },
    )
    last: Element | None = None
    for part in content:
        if isinstance(part, str):
            text = readable(part)
            if last is None:
                made.text = (made.text or "") + text
            else:
                last.tail = (last.tail or "") + text
        elif part is not None:
            made.append(part)
            last = part
    return made


def written(root: Element) -> str:
    """The tree as text that is well-formed XML and, of a page, means the same read as HTML."""
    for one in root.iter():
        if one.tag in _VOID or one.text or len(one) or _drawn(one.tag):
            continue
        one.text = "\u200b" if one.tag in {"td", "th"} else " "
    return tostring(root, encoding="unicode", short_empty_elements=True)


def _drawn(tag: str) -> bool:
    """Whether HTML takes an element of this name that closes itself: those of a picture."""
    return tag in {"rect", "circle", "line", "path", "polyline"}
