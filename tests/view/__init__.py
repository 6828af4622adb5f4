"""Tests of the viewer: what it takes, what it keeps, and what its pages show."""
