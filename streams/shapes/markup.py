"""HTML to text: only elements of HTML count as markup, anything else between angle brackets stays."""

import re
from html import unescape
from html.entities import html5


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The elements of the HTML standard with the obsolete ones that old forums still write.
_BLOCK = _names(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav ol optgroup "
    "option p pre section select summary table tbody tfoot thead title tr ul"
)
_INLINE = _names(
    "a abbr acronym applet area audio b base basefont bdi bdo big blink button canvas cite code col colgroup data "
    "datalist del dfn em embed font frame i iframe img input ins kbd label link map mark marquee meta meter "
    "nobr noframes noscript object output param picture progress q rp rt ruby s samp search slot small source "
    "span strike strong sub sup svg template textarea time track tt u var video wbr"
)
_CELL = _names("td th")
# What word processors put into their pages: `<o:p></o:p>`, `<st1:place>`.
_OFFICE = _names("o w v st1")
_BARE_ATTRIBUTES = _names(
    "allowfullscreen async autofocus autoplay checked compact controls default defer disabled hidden ismap loop "
    "multiple muted nohref noshade nowrap open readonly required reversed selected"
)

# Every repeat is possessive or looks ahead once, and stops at the next `<`: hostile text costs no more
# than its length. A tag with broken quotes, as word processors write it, still has a `="` somewhere.
_ATTRIBUTE = r"""\s++([^\s<>="'/]++)(\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>]++))?+"""
_BROKEN = r"""(?=\s[^<>]*+>)[^<>]*?=\s*+["'][^<>]*+>"""
_TAG = re.compile(
    rf"<(/?)([A-Za-z][A-Za-z0-9]*+(?::[A-Za-z][A-Za-z0-9]*+)?+)(?:((?:{_ATTRIBUTE})*+)\s*+/?>|{_BROKEN})"
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_DOCTYPE = re.compile(r"<!doctype[^<>]*+>", re.IGNORECASE)
_UNSHOWN = re.compile(r"<!--|<(script|style)(?:\s[^<>]*+)?>", re.IGNORECASE)
_UNSHOWN_END = {
    None: re.compile("-->"),
    "script": re.compile(r"</script\s*+>", re.IGNORECASE),
    "style": re.compile(r"</style\s*+>", re.IGNORECASE),
}
# Without the semicolon only the few that browsers' users write, and never inside a word: `?a=1&copy=2`.
_ENTITY = re.compile(
    r"&(?:(#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    r"|(nbsp|amp|lt|gt|quot|#39|#160)(?![A-Za-z0-9=;]))"
)
_MANY_NEWLINES = re.compile(r"\n{3,}")

# Escaped twice needs three: `&amp;lt;p&amp;gt;`, `&lt;p&gt;`, `<p>`.
_ROUNDS = 3


def without_markup(text: str) -> str:
    """The text that HTML shows, entities resolved (escaped twice too); blocks become lines.

    Text without an element or an entity comes back unchanged. Time is linear in its length.
    """
    had_tags = False
    for _ in range(_ROUNDS):
        before = text
        if "<" in text:
            text = _DOCTYPE.sub("", _without_unshown(text))
            text = _TAG.sub(_tag_as_text, text)
            had_tags = had_tags or text != before
        if "&" in text:
            text = _ENTITY.sub(_entity_as_text, text)
        if text == before:
            break
    if not had_tags:
        return text
    lines = [line.strip(" \t") for line in text.replace("\r\n", "\n").split("\n")]
    return _MANY_NEWLINES.sub("\n\n", "\n".join(lines))


def _without_unshown(text: str) -> str:
    """Without comments, scripts and styles; one that is never closed stays as it is."""
    kept, at = [], 0
    while (opening := _UNSHOWN.search(text, at)) is not None:
        kind = opening.group(1)
        closing = _UNSHOWN_END[kind.lower() if kind else None].search(text, opening.end())
        if closing is None:
            break
        kept.append(text[at : opening.start()])
        at = closing.end()
    kept.append(text[at:])
    return "".join(kept)


def _tag_as_text(tag: re.Match[str]) -> str:
    name, attributes = tag.group(2).lower(), tag.group(3)
    if attributes and (tag.group(1) or not _are_attributes(attributes)):
        return tag.group()
    if name in _BLOCK:
        return "\n"
    if name in _CELL:
        return " "
    is_office = ":" in name and name.partition(":")[0] in _OFFICE
    return "" if name in _INLINE or is_office else tag.group()


def _are_attributes(text: str) -> bool:
    """False for prose that happens to follow an element's name: `a <b and c> d`."""
    return all(value or name.lower() in _BARE_ATTRIBUTES for name, value in _ATTRIBUTES.findall(text))


def _entity_as_text(entity: re.Match[str]) -> str:
    name = entity.group(1) or entity.group(2)
    if name[0] == "#":
        return unescape(f"&{name};")
    return html5.get(f"{name};", entity.group())
