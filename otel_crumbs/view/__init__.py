"""
The viewer: it receives OTLP, keeps error events with their trails in SQLite, and shows them.

``receiving -> error_document -> store -> queries -> trail, markdown, server``: what was read, what is kept, what
is asked for, and how it looks. The server needs the extra ``view``; everything before it does not.
"""

from __future__ import annotations
