"""Addresses that somebody misspelt, each with a password in it somewhere."""

from __future__ import annotations

SECRET = "hunter2secret"  # noqa: S105 - nobody's
PLACE = "127.0.0.1:9"
MISSPELT = [
    f"http://shop:{SECRET}@{PLACE}/x",
    f"http://shop:{SECRET}/x@{PLACE}",
    f"http://shop:pa/{SECRET}@{PLACE}/v1",
    f"http:/shop:{SECRET}@{PLACE}",
    f"http//shop:{SECRET}@{PLACE}",
    f"http:\\\\shop:{SECRET}@{PLACE}",
    f"shop:{SECRET}@{PLACE}",
    f"//shop:{SECRET}@{PLACE}",
    f"http://shop:{SECRET}@",
    f"http://:{SECRET}@{PLACE}",
    f"http://{SECRET}@{PLACE}",
    f"htp://shop:{SECRET}@{PLACE}",
    f"http://shop:{SECRET}@127.0.0.1:port",
    f"http://shop:{SECRET}@127.0.0.1:999999",
    f"http://shop:{SECRET}@[::1",
    f"http://shop:{SECRET}#@{PLACE}",
    f"http://shop:{SECRET}?@{PLACE}",
    f"http://shop:a@{SECRET}@{PLACE}",
    f"http://shop: {SECRET}@{PLACE}",
    f"http://shop:{SECRET} @{PLACE}",
    f"http://shop%3A{SECRET}@{PLACE}",
    f"http://shop:é{SECRET}@{PLACE}",
    f" http://shop:{SECRET}@{PLACE} ",
    f"'http://shop:{SECRET}@{PLACE}'",
    f"<http://shop:{SECRET}@{PLACE}>",
    f"http://http://shop:{SECRET}@{PLACE}",
    f"ENDPOINT=http://shop:{SECRET}@{PLACE}",
    f"http://shop:{SECRET}@{PLACE},http://other",
    f"http://shop:{SECRET}@exa mple",
    f"{PLACE}:{SECRET}",
    f"http://{PLACE}/?token={SECRET}",
    f"http://{PLACE}/in?api_key={SECRET}&x=1",
    f"http://{PLACE}/#{SECRET}",
    f"http://{PLACE}/in?{SECRET}#{SECRET}",
]
