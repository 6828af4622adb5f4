"""The tables of the viewer's store."""

from __future__ import annotations

# Of the tables; a file that a later release made is not touched.
VERSION_OF_TABLES = 1

TABLES = """\
CREATE TABLE groups (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  frame TEXT NOT NULL,
  operation TEXT NOT NULL,
  errors INTEGER NOT NULL,
  held_back INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL
);
CREATE INDEX groups_by_last ON groups (last);
CREATE TABLE errors (
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
  last_message TEXT NOT NULL
);
CREATE INDEX errors_of_groups ON errors (group_number, time, held_back, service, level, mechanism);
CREATE INDEX errors_of_traces ON errors (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX errors_by_time ON errors (time);
CREATE INDEX errors_by_service ON errors (service);
CREATE INDEX errors_by_level ON errors (level);
CREATE INDEX errors_by_mechanism ON errors (mechanism);
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
