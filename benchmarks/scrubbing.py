"""
What scrubbing costs: 100 typical breadcrumbs, and each rule for its worst case twice and four times as long.

    python benchmarks/scrubbing.py

A rule that is worse than linear takes far more than twice as long for twice as much.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from otel_crumbs import Breadcrumb
from otel_crumbs.base.interpreter_lock import iterate_releasing
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.scrubbing.names import Names
from otel_crumbs.event.scrubbing.rule import Rule
from otel_crumbs.event.scrubbing.statements import hide_literals_in_text
from otel_crumbs.event.scrubbing.table import make_rules

SIZE = 1_000_000
# Beginnings without an end, which make a search begin again, and texts that have nothing but finds.
PIECES = (
    *("a", " ", "0", "-", "--a-", "a.", "a_", "key", "='", '"', "\\", '\\"', "[", "(", "<a", "://", "@", "%5B", ":"),
    *("password", "password ", "password=", "password='", 'password="', "password: ", "'password', ", "('password','"),
    *("--password ", "-p ", "token=,a", "token=a,", "secret=)a", "{", "PWD={", "a='b',", "<password>", "<password a "),
    *(
        "<add key='password' a ",
        "name: password\n",
        "Authorization: ",
        "Authorization: a b=c,",
        "Bearer a",
        "Basic YWE6",
    ),
    *("Cookie: a=b;", "cookie cookie ", "//a:", "x://a:b", "https://a:b@", "jdbc:oracle:thin:a/", "%3A%2F%2Fa%3A"),
    *(
        "/reset/",
        "/reset/a1/",
        "/auth/a-",
        "hooks.slack.com/services/",
        "INSERT INTO t (",
        "INSERT INTO t (password) VALUES (",
    ),
    *("INSERT INTO t (password) VALUES ('a'),(", "$$", "password = $$", "'a' = ", "crypt('", "md5(", "IDENTIFIED BY '"),
    *(
        "parameters: (",
        "AUTH a ",
        "ACL SETUSER a ",
        "CONFIG SET requirepass ",
        "kind: Secret\ndata:\n  a: b\n",
        "data:\n",
    ),
    *(
        "a:1:b:c:",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAA",
        "Private-Lines: 1\n",
    ),
    *(
        "eyJ",
        "eyJaaaaaaaa.",
        "sk-",
        "sk-a",
        "xoxb-",
        "ghp_",
        "AKIA",
        "glpat-",
        "SG.",
        "0000 ",
        "4111-",
        "4111111111111111 ",
    ),
    *(
        "DE00 ",
        "DE00AAAA",
        "code 1 ",
        "pin is ",
        "password is a1b2c3d4 ",
        "unwrapped '",
        "mysql ",
        "mysql -",
        "password:\n |\n",
    ),
    *("INSERT INTO t (a, token) SELECT ", "SELECT (token) IN (('a'), ", "SELECT token IN ('", "SELECT token = 'a', "),
    *(
        "echo a ",
        "echo aaaa | ",
        "net use a ",
        "put-parameter ",
        "'mysql', ",
        "'-u', 'a:",
        "htpasswd -b a ",
        "a:aaaaaa1@a",
    ),
    *("&lt;a ", "<key>password</key><string>a", "password: !a ", '"password": {', 'token="""a', "1234 is your "),
    *(
        "INSERT INTO t VALUES ('a')\n\n",
        "INSERT INTO t VALUES ($a$",
        "SELECT a FROM ",
        "DELETE FROM a a WHERE ((",
        "GRANT a ",
    ),
    *(
        "CREATE USER MAPPING ",
        "EXEC a.",
        "[generated in 1] (",
        "INSERT INTO t VALUES ('a') params=(",
        "'password%22%3A%22",
    ),
    *("a: 1\npassword: |\n b\n", "export A=", "\npassword: a b", "${", "{{", "[a", "[['password',"),
)


# The literals of statements in texts are no rule of the table.
WORDS = "SELECT a(' from set "
STATEMENTS = replace(make_rules(Names())[0], name="literals", scrub=lambda text: hide_literals_in_text(WORDS + text))
STATEMENT = (
    "SELECT o.id, o.created_at, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id "
    "WHERE o.status = %s AND o.id > {} ORDER BY o.created_at DESC LIMIT 50"
)


def measure(work: Callable[[], object], times: int = 3) -> float:
    """Return the seconds of the fastest of a few runs."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def measure_rule(rule: Rule, size: int, piece: str) -> float:
    """Return the seconds of a rule for a text of a size that repeats a piece."""
    text = piece * (size // len(piece))
    return measure(lambda: rule.scrub(text), 1)


def make_breadcrumbs() -> list[Breadcrumb]:
    """Return 100 breadcrumbs as applications leave them: statements, calls and log lines."""
    made = []
    for number in range(34):
        made += (
            Breadcrumb(
                timestamp=number,
                type="query",
                category="query",
                message=STATEMENT.format(number),
                data={"db.system": "postgresql", "db.namespace": "shop", "duration_ms": 1.25, "rows": 50},
            ),
            Breadcrumb(
                timestamp=number,
                type="http",
                category="http",
                message=f"GET https://api.example.com/v1/orders/{number}/items?page=2&sort=created -> 200 in 120 ms",
                data={
                    "method": "GET",
                    "url": f"https://api.example.com/v1/orders/{number}/items?page=2&sort=created",
                    "status_code": 200,
                    "reason": "OK",
                    "duration_ms": 120.5,
                    "library": "requests",
                },
            ),
            Breadcrumb(
                timestamp=number,
                category="shop.orders.views",
                message=f"order {number} of customer {number * 7} was validated, 12 items, total 1234.50 EUR",
                data={"order_id": number, "customer": "ada", "code.function.name": "validate"},
            ),
        )
    return made[:100]


def main() -> None:
    """Print the figures."""
    scrubber, breadcrumbs = Scrubber(), make_breadcrumbs()
    seconds = measure(lambda: [scrubber.scrub_breadcrumbs(some) for some in iterate_releasing(breadcrumbs)], 50)
    print(f"100 typical breadcrumbs: {seconds * 1e3:.2f} ms")
    print(f"{'rule':<16}{'250 kB':>10}{'500 kB':>10}{'1 MB':>10}  worst case")
    for rule in (*make_rules(Names()), STATEMENTS):
        slowest = max(PIECES, key=partial(measure_rule, rule, SIZE // 16))
        columns = [measure_rule(rule, size, slowest) for size in (SIZE // 4, SIZE // 2, SIZE)]
        print(
            f"{rule.name:<16}" + "".join(f"{seconds * 1e3:>7.0f} ms" for seconds in columns) + f"  {slowest!r}",
            flush=True,
        )


if __name__ == "__main__":
    main()
