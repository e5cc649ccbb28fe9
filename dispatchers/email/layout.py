"""The HTML part of a message whose caller wrote none: title, text, and a button for the link. Used by the channel.

Plain enough for every mail client: one table for width, inline styles, a style block only for dark mode.
"""

import re
from html import escape
from urllib.parse import urlsplit

_FONT = (
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Noto Sans',sans-serif;"
    "font-size:16px;line-height:1.6;"
)
_HEAD = """<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<style>
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background-color: #101318 !important; }
  .card { background-color: #1a1f27 !important; border-color: #2c333f !important; }
  .ink { color: #e7eaf0 !important; }
  .faint { color: #a3adbd !important; }
  .button { background-color: #8ab4ff !important; color: #0b1a33 !important; }
}
</style>"""
_CELL = (
    '<td class="card" dir="auto" style="background-color:#ffffff;border:1px solid #e1e5eb;border-radius:12px;'
    f'padding:32px;text-align:start;{_FONT}">'
)
_TITLE = '<h1 class="ink" style="margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:650;color:#151a23;">'
_PARAGRAPH = '<p class="ink" dir="auto" style="margin:0 0 16px;color:#2b3340;overflow-wrap:anywhere;">'
_BUTTON = (
    '<p style="margin:24px 0 16px;"><a class="button" href="{href}" style="display:inline-block;padding:12px 24px;'
    'border-radius:8px;background-color:#1d4ed8;color:#ffffff;font-weight:600;text-decoration:none;">'
    '<span dir="ltr">{host}</span>&nbsp;<span aria-hidden="true">&#8250;</span></a></p>\n'
    '<p class="faint" dir="ltr" style="margin:0;font-size:13px;color:#5b6575;overflow-wrap:anywhere;">{shown}</p>\n'
)

_NOT_IN_A_URL = re.compile('[\x00-\x20\x7f-\xa0\u2028\u2029<>"\\\\]')
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_LONGEST_SHOWN_URL = 80


def web_link(url: str | None) -> str | None:
    """The URL if it is one that a message may link to: absolute, http or https, with a host; else None."""
    if url is None or _NOT_IN_A_URL.search(url):
        return None
    return url if _host(url) else None


def html_page(title: str | None, text: str, link: str | None, locale: str | None) -> str:
    """A whole HTML document; everything from the caller is escaped.

    Args:
        link: as `web_link` let it through. Its button is named after its host, so that nobody is led elsewhere.
    """
    heading = f"{_TITLE}{escape(title)}</h1>\n" if title else ""
    content = heading + _paragraphs(text) + (_button(link) if link else "")
    page_title = f"<title>{escape(title)}</title>\n" if title else ""
    return (
        f"<!DOCTYPE html>\n<html{_language(locale)}>\n<head>\n{page_title}{_HEAD}\n</head>\n"
        '<body class="page" style="margin:0;padding:0;background-color:#f2f4f7;">\n'
        '<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0"'
        ' style="background-color:#f2f4f7;"><tr><td align="center" style="padding:32px 16px;">\n'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"'
        f' style="max-width:600px;border-collapse:separate;"><tr>{_CELL}\n{content}</td></tr></table>\n'
        "</td></tr></table>\n</body>\n</html>\n"
    )


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None


def _language(locale: str | None) -> str:
    if locale is None or not _LANGUAGE.fullmatch(locale):
        return ""
    return f' lang="{locale.replace("_", "-")}"'


def _paragraphs(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    blocks = [block for block in _BLANK_LINES.split(lines) if block.strip()]
    return "".join([f"{_PARAGRAPH}{_broken(block)}</p>\n" for block in blocks])


def _broken(block: str) -> str:
    return escape(block).replace("\n", "<br>\n")


def _button(link: str) -> str:
    shown = link if len(link) <= _LONGEST_SHOWN_URL else link[: _LONGEST_SHOWN_URL - 1] + "…"
    return _BUTTON.format(href=escape(link), host=escape(_host(link) or ""), shown=escape(shown))
