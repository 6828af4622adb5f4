"""The tables of the viewer's store."""

from __future__ import annotations

# Of the tables; a file that a later release made is not touched.
VERSION_OF_TABLES = 2

# The events of a group that have the same service, level and mechanism, counted: lists are made of them,
# and a question reads rows of single events where it asks for a time.
_SERIES = """\
CREATE TABLE series (
  number INTEGER PRIMARY KEY,
  group_number INTEGER NOT NULL REFERENCES groups (number),
  service TEXT NOT NULL,
  level TEXT NOT NULL,
  mechanism TEXT NOT NULL,
  errors INTEGER NOT NULL,
  held_back INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  UNIQUE (group_number, service, level, mechanism)
);
"""
_ERRORS_OF_SERIES = "CREATE INDEX errors_of_series ON errors (series_number, time, number, held_back);\n"

TABLES = f"""\
CREATE TABLE groups (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  frame TEXT NOT NULL,
  operation TEXT NOT NULL
);
{_SERIES}CREATE TABLE errors (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  group_number INTEGER NOT NULL REFERENCES groups (number),
  time INTEGER NOT NULL,
  received INTEGER NOT NULL,
  service TEXT NOT NULL,
  level TEXT NOT NULL,
  mechanism TEXT NOT NULL,
  title TEXT NOT NULL,
  trace_id TEXT,
  span_id TEXT,
  breadcrumbs INTEGER NOT NULL,
  held_back INTEGER NOT NULL,
  last_category TEXT NOT NULL,
  last_message TEXT NOT NULL,
  series_number INTEGER NOT NULL DEFAULT 0 REFERENCES series (number)
);
{_ERRORS_OF_SERIES}CREATE INDEX errors_of_traces ON errors (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX errors_by_time ON errors (time);
CREATE TABLE documents (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE VIRTUAL TABLE texts USING fts5 (words, content = '', tokenize = "unicode61 remove_diacritics 2");
CREATE TABLE records (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  trace_id TEXT NOT NULL,
  digest INTEGER NOT NULL,
  kind TEXT NOT NULL,
  span_id TEXT NOT NULL,
  service TEXT NOT NULL,
  time INTEGER NOT NULL,
  received INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  level TEXT NOT NULL,
  category TEXT NOT NULL,
  message TEXT NOT NULL,
  data TEXT NOT NULL,
  UNIQUE (trace_id, digest)
);
"""

# By the version of a file, the statements that make the next one of it.
UPGRADES = {
    1: f"""\
{_SERIES}INSERT INTO series (group_number, service, level, mechanism, errors, held_back, first, last)
  SELECT group_number, service, level, mechanism, count(*), sum(held_back), min(time), max(time)
  FROM errors GROUP BY group_number, service, level, mechanism;
ALTER TABLE errors ADD COLUMN series_number INTEGER NOT NULL DEFAULT 0;
UPDATE errors SET series_number = (SELECT number FROM series WHERE series.group_number = errors.group_number
  AND series.service = errors.service AND series.level = errors.level AND series.mechanism = errors.mechanism);
DROP INDEX errors_of_groups;
DROP INDEX errors_by_service;
DROP INDEX errors_by_level;
DROP INDEX errors_by_mechanism;
{_ERRORS_OF_SERIES}DROP INDEX groups_by_last;
ALTER TABLE groups DROP COLUMN errors;
ALTER TABLE groups DROP COLUMN held_back;
ALTER TABLE groups DROP COLUMN first;
ALTER TABLE groups DROP COLUMN last;
"""  # noqa: S608 - constants
}
