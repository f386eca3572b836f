"""Follows every number of every page to the list it counts, and to REST."""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client

_NUMBER_LINK = re.compile(r'<a [^>]*?href="(?P<href>/[^"]+)"(?P<rest>[^>]*)>(?P<inner>.*?)</a>', re.S)
_COUNTED = re.compile(r'data-as="count"[^>]*>(?P<number>[^<]*)<')
_TOTAL = re.compile(r'data-total="(?P<total>[^"]*)"')
_KIND_OF_LIST = {"nodes": "Node", "workloads": "Workload", "pods": "Pod", "events": "Event", "everything": ""}


@dataclass(frozen=True)
class Number:
    """One number on a page, and where it leads."""

    page: str
    text: str
    href: str


def numbers_on(page: str, html: str) -> list[Number]:
    """Every number that is a link, those that are hidden because they are 0 left out."""
    found = []
    for match in _NUMBER_LINK.finditer(html):
        own = "data-count" in match["rest"] and "hidden" not in match["rest"]
        counted = _COUNTED.search(match["inner"])
        hidden = " hidden" in match["rest"]
        if own or (counted and not hidden):
            text = counted["number"] if counted else re.sub(r"<[^>]+>", "", match["inner"])
            found.append(Number(page, text.strip(), unescape(match["href"])))
        elif 'class="count"' in match["inner"]:
            text = re.search(r'class="count">([^<]*)<', match["inner"])
            found.append(Number(page, text[1].strip() if text else "", unescape(match["href"])))
    return found


def list_total(client: Client, href: str) -> str:
    """The number above the list at an address."""
    answer = client.get(href)
    assert answer.status_code == 200, f"{href} answers {answer.status_code}"
    return total_of(answer.content.decode())


def total_of(html: str) -> str:
    """The number above the list on a page."""
    match = _TOTAL.search(html)
    assert match, "there is no total on this page"
    return match["total"]


def rest_count(client: Client, href: str) -> int:
    """What REST counts for the same list."""
    parts = urlsplit(href)
    words = [word for word in parts.path.split("/") if word]
    query = dict(parse_qsl(parts.query))
    if words == ["attention"]:
        of = f"clusters/{query['cluster']}/" if "cluster" in query else "fleet/"
        return int(client.get(f"/api/v1/{of}").json()["causes_total"])
    if words == ["clusters"]:
        return _count(client, "/api/v1/clusters/", query)
    kind = query.pop("kind", "") or _KIND_OF_LIST[words[-1]]
    query = {**({"kind": kind} if kind else {}), **query}
    if words[0] == "all":
        return _count(client, "/api/v1/resources/", query)
    return _count(client, f"/api/v1/clusters/{words[1]}/resources/", query)


def _count(client: Client, path: str, query: dict[str, str]) -> int:
    answer = client.get(f"{path}?{urlencode({**query, 'page_size': 1})}")
    assert answer.status_code == 200, f"{path} {query} answers {answer.status_code}: {answer.content[:200]!r}"
    return int(answer.json()["count"])


def pages_of(client: Client, start: str, *, limit: int = 120) -> dict[str, str]:
    """Every page reached by links from `start` that is not a single object, with its HTML."""
    seen: dict[str, str] = {}
    waiting = [start]
    while waiting and len(seen) < limit:
        page = waiting.pop(0)
        if page in seen:
            continue
        answer = client.get(page)
        assert answer.status_code == 200, f"{page} answers {answer.status_code}"
        seen[page] = answer.content.decode()
        waiting += [href for href in _hrefs(seen[page]) if href not in seen and _is_ours(href)]
    return seen


def _hrefs(html: str) -> list[str]:
    return [unescape(href) for href in re.findall(r'<a [^>]*?href="(/[^"#]*)"', html)]


def _is_ours(href: str) -> bool:
    words = [word for word in urlsplit(href).path.split("/") if word]
    if "cursor=" in href:
        return False
    return not words or words[0] in ("all", "attention") or (words[0] == "clusters" and len(words) <= 3)
