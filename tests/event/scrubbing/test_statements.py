"""Tests of `otel_crumbs.event.scrubbing.statements`: literals of statements in the texts of an application."""

from __future__ import annotations

import logging

import pytest

import otel_crumbs
from otel_crumbs import Breadcrumb
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.scrubbing.statements import hide_literals_in, hide_literals_in_text
from otel_crumbs.export.http.document import document_of
from otel_crumbs.testing import capture_events
from tests.application import raised

SECRET = "hunter2"  # noqa: S105 - the secret of these tests

# Each has a literal with the secret in it.
_STATEMENTS = r"""
INSERT INTO users VALUES ('bob', 'hunter2')
executing: INSERT INTO users VALUES ('bob', 'hunter2')
insert into users values ('bob', 'hunter2')
SELECT * FROM t WHERE token = ANY('{hunter2}')
SELECT set_config('app.token', 'hunter2', false)
EXEC sp_addlogin 'bob', 'hunter2'
exec sp_password NULL, 'hunter2', 'bob'
EXEC sp_password @old=NULL, @new='hunter2'
sp_addlogin 'bob', 'hunter2'
ALTER LOGIN bob WITH PASSWORD = 'hunter2'
CREATE USER 'bob'@'%' IDENTIFIED WITH mysql_native_password AS 'hunter2'
CREATE USER bob IDENTIFIED BY "hunter2"
SELECT dblink_connect('host=x password=hunter2')
SELECT pgp_sym_encrypt('x','hunter2')
SELECT crypt('hunter2', gen_salt('bf'))
SET PASSWORD FOR u = PASSWORD('hunter2')
CHANGE MASTER TO MASTER_HOST='h', MASTER_PASSWORD='hunter2'
COPY t FROM 's3://b/k' CREDENTIALS 'aws_access_key_id=a;aws_secret_access_key=hunter2'
COPY INTO t FROM @s CREDENTIALS=(AWS_KEY_ID='x' AWS_SECRET_KEY='hunter2')
CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'a', password 'hunter2')
INSERT INTO users VALUES (%s, %s) args=('bob', 'hunter2')
INSERT INTO users VALUES (?, ?) ('bob', 'hunter2')
(0.003) INSERT INTO users VALUES (%s, %s); args=('bob', 'hunter2'); alias=default
(0.003) SELECT id FROM users WHERE name = 'hunter2' LIMIT 21; args=('bob',); alias=default
[generated in 0.00012s] ('bob', 'hunter2')
[cached since 1.2s ago] {'name': 'bob', 'v': 'hunter2'}
[raw sql] ['hunter2']
LOG:  statement: UPDATE users SET bio = 'hunter2' WHERE id = 7
DETAIL:  parameters: $1 = 'bob', $2 = 'hunter2'
execute <unnamed>: DELETE FROM s WHERE k = 'hunter2'
cursor.execute("INSERT INTO users VALUES ('bob', 'hunter2')")
{"sql": "INSERT INTO users VALUES ('bob', 'hunter2')", "ms": 3}
sql='INSERT INTO users VALUES (\'bob\', \'hunter2\')' took 3 ms
running 'INSERT INTO users VALUES ('bob', 'hunter2')' now
executing partial(<method execute of sqlite3.Cursor object at 0x7f>, 'INSERT INTO t VALUES (?, ?)', ('bob', 'hunter2'))
INSERT INTO users VALUES ("bob", "hunter2")
UPDATE `users` SET `bio`="hunter2" WHERE id=3
INSERT INTO t VALUES ('it\'s hunter2', 'x')
INSERT INTO t VALUES ('C:\', 'hunter2')
INSERT INTO t VALUES ('it''s hunter2')
INSERT INTO t VALUES ('took 3 ms', 'hunter2') took 4 ms
PRAGMA key = 'hunter2'
ATTACH DATABASE 'f.db' AS e KEY 'hunter2'
OPEN SYMMETRIC KEY k DECRYPTION BY PASSWORD = 'hunter2'
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'hunter2'
CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2' PUBLICATION p
CREATE SECRET s (TYPE S3, KEY_ID 'x', SECRET 'hunter2')
CALL add_user('bob', 'hunter2')
{call add_user('bob', 'hunter2')}
GRANT ALL ON *.* TO 'a'@'%' IDENTIFIED BY 'hunter2'
MERGE INTO t USING (SELECT 'hunter2' AS a) s ON t.a = s.a
SELECT * FROM users u JOIN t ON t.id = u.id WHERE u.bio = 'hunter2'
SELECT a FROM users\nWHERE bio = 'hunter2'
failed: REPLACE INTO t VALUES ('a', 'hunter2'): can't connect
WITH x AS (SELECT a FROM t WHERE b = 'hunter2') SELECT * FROM x
UNLOAD ('select 1') TO 's3://x' CREDENTIALS 'aws_secret=hunter2'
SELECT $$hunter2$$ FROM t WHERE a = 1
INSERT INTO t VALUES ($x$hunter2$x$)
psycopg.errors.UniqueViolation: INSERT INTO t VALUES ('hunter2')
DECLARE @p nvarchar(50) = N'hunter2'
SELECT 'hunter2' AS x
SELECT name FROM u WHERE (name, x) IN (('a', 'hunter2'))
INSERT OR REPLACE INTO kv(k,v) VALUES('a','hunter2')
INSERT INTO "users" VALUES ('bob', 'hunter2')
insert into users\n values\n ('bob', 'hunter2')
SET @p = 'hunter2'
EXECUTE stmt('bob', 'hunter2')
EXECUTE IMMEDIATE 'alter user x identified by hunter2'
CREATE ROLE bob LOGIN PASSWORD 'hunter2'
BEGIN; INSERT INTO t VALUES ('hunter2'); COMMIT;
psql -c "INSERT INTO t VALUES ('hunter2')" db
mysql -e 'update t set a="hunter2" where id=1' db
CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'a', PASSWORD 'hunter2', HOST 'h')
RESTORE DATABASE d FROM DISK='x' WITH PASSWORD = 'hunter2'
UPDATE t SET a = 1, b = 'hunter2' RETURNING id with params ['hunter2']
INSERT INTO t (a, b) VALUES (1, 'hunter2') ON CONFLICT (a) DO UPDATE SET b = 'hunter2' -- note
""".strip().splitlines()

_NO_STATEMENTS = r"""
Please insert the values 'a' into the form
update the set 'x'
select 'Save' from the File menu
Please select 'Foo' from the menu
insert into the form the values ('a', 'b')
update available: set 'x' = 3
delete from the cart where 'x' is listed
SELECT count(*) FROM orders took 31 ms
SELECT * FROM users WHERE id = %s took 31 ms
INSERT INTO users VALUES (%s, %s) -> 1 row in 3 ms
INSERT INTO users VALUES (?, ?) affected 1 rows
call handler('x') failed
exec sh -c 'make all' returned 2
create user 'bob' failed
create table 'x' in the form
Set color = 'red'
alter the set 'x'
copy 'a' to 'b'
copy file from 'a' to 'b'
copying users from 'a'
grant access to 'bob'
Selected (3) from 'x'
select option(s) from the list 'Foo'
replace 'a' into 'b'
start replica 'a'
call the function('x')
"Select" from "where" = "x"
SELECT token_count, author FROM usage WHERE id = %s
selectors.EpollSelector from 'x'
from django.db import models; queryset.update(a='x')
Model.objects.filter(a='x').delete() from 'y'
update_or_create(defaults={'a': 'b'}) set
session.execute(select(User).where(User.name == 'bob'))
select(User.name).from_('x')
insert(users).values(name='bob')
db.insert({'into': 'values'})
merge branch 'main' into 'dev'
Merge branch 'x' into y
set -o pipefail; echo 'x'
exec 'x'
execute('x')
attach 'report.pdf' to the mail
backup database 'x' done in 3 s
restore from 'x'
open file 'x' with mode 'r'
declare var = 'x'
change password for 'bob'
pragma: no cover 'x'
SELECT 1
SELECT name FROM sqlite_master
user said: "I'd select that from 'x' where possible"
CREATE INDEX ix_token ON authtoken_token (key)
ALTER TABLE users ADD COLUMN password_hash text NOT NULL
CREATE TABLE t (a VARCHAR(255) NOT NULL)
UPDATE t SET a = %s WHERE id = %s duration=3.2ms rows=1
Field 'x' of the set was updated from 'a' to 'b'
update users set of 'x'
update settings set by 'bob' = 3
create role 'admin' with name 'x'
""".strip().splitlines()


@pytest.mark.parametrize("statement", _STATEMENTS)
def test_no_literal_of_a_statement_leaves(statement: str) -> None:
    """Whatever stands before it: a logger's words, a time, quotes, a call."""
    assert SECRET not in hide_literals_in_text(statement)


@pytest.mark.parametrize("text", _NO_STATEMENTS)
def test_what_only_sounds_like_a_statement_stays(text: str) -> None:
    """To the letter, and so does a statement that has no literals."""
    assert hide_literals_in_text(text) is text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "executing: INSERT INTO users VALUES ('bob', 'X', 7) took 3 ms",
            "executing: INSERT INTO users VALUES (?, ?, ?) took 3 ms",
        ),
        (
            "(0.003) UPDATE u SET a = 'X' WHERE id = 7; args=('X', 7); alias=db",
            "(0.003) UPDATE u SET a = ? WHERE id = ?; args=(?, 7); alias=db",
        ),
        ('{"sql": "DELETE FROM t WHERE a = \'X\'", "ms": 3}', '{"sql": "DELETE FROM t WHERE a = ?", "ms": 3}'),
        ("INSERT INTO t VALUES ('took 3 ms', 'X') -> 1 row", "INSERT INTO t VALUES (?, ?) -> 1 row"),
        ("[generated in 0.00012s] {'name': 'bob', 'bio': 'X'}", "[generated in 0.00012s] {'name': ?, 'bio': ?}"),
        (
            "SELECT 1 FROM t WHERE a = 'X'\n\nTraceback of 'main', line 3",
            "SELECT ? FROM t WHERE a = ?\n\nTraceback of 'main', line 3",
        ),
    ],
)
def test_the_words_around_a_statement_stay(text: str, expected: str) -> None:
    """They tell what happened to it."""
    assert hide_literals_in_text(text.replace("X", SECRET)) == expected


def test_statements_are_found_at_any_depth() -> None:
    """Data without any is returned as the very same object."""
    data = {"a": [{"sql": "EXEC sp_addlogin 'bob', 'hunter2'"}], "b": 1}
    harmless = {"a": ["select 'Save' from the File menu", {"b": (1, None)}]}

    assert hide_literals_in(data) == {"a": [{"sql": "EXEC sp_addlogin ?, ?"}], "b": 1}
    assert hide_literals_in(harmless) is harmless


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "SELECT ",
            "SELECT a FROM ",
            "SELECT 'a",
            "INSERT INTO t (a ",
            "INSERT INTO t VALUES ('a')\n\n",
            "UPDATE t SET a='x';\n",
        ),
        *(
            "CREATE USER MAPPING ",
            "CREATE USER a ",
            "GRANT a ",
            "COPY (a",
            "EXEC a.",
            "[generated in 1] (",
            "DELETE FROM a a WHERE ((",
        ),
        *(
            "INSERT INTO t VALUES ($a$",
            "\\'a",
            "INSERT INTO t VALUES ('a') params=(",
            "parameters: $1 = 'a' ",
            "FROM a ",
        ),
    ],
)
def test_a_long_text_takes_linear_time(piece: str) -> None:
    """A statement that does not end goes to the end of its paragraph, and no further search begins in it."""
    text = "SELECT a(' from set " + piece * (300_000 // len(piece))

    assert len(hide_literals_in_text(text)) <= len(text)


def test_statements_leave_without_literals_from_any_text() -> None:
    """A log line, a note, its data, the name of an operation, and the exception with its notes and stack."""
    said = "running INSERT INTO users VALUES ('bob', 'hunter2')"
    error = raised(ValueError(said))[1]
    error.__notes__ = [said]  # type: ignore[attr-defined]  # as add_note() of Python 3.11 does

    with capture_events() as events, otel_crumbs.operation(said):
        for _ in range(2):
            otel_crumbs.record(said, data={"said": said, "items": [said]})
            logging.getLogger("shop").warning("%s", said)
            otel_crumbs.capture_exception(error)

    assert SECRET not in str([document_of(event) for event in events])
    assert events[0].breadcrumbs[0].message == "running INSERT INTO users VALUES (?, ?)"
    assert events[0].breadcrumbs[1].message == "running INSERT INTO users VALUES (?, ?)"


def test_a_short_statement_is_not_taken_for_harmless_the_second_time() -> None:
    """Short texts without a secret are remembered, and one with a literal is none of them."""
    scrubber = Scrubber()
    note = Breadcrumb(timestamp=1, message="INSERT INTO t VALUES ('hunter2')")

    assert [scrubber.scrub_breadcrumbs([note])[0].message for _ in range(3)] == ["INSERT INTO t VALUES (?)"] * 3


def test_the_user_may_keep_the_literals() -> None:
    """Then only the secrets go."""
    scrubber = Scrubber(with_literals=True)
    text = "INSERT INTO users (name, password) VALUES ('bob', 'hunter2')"

    assert scrubber.scrub_text(text) == "INSERT INTO users (name, password) VALUES ('bob', [scrubbed: secret])"
