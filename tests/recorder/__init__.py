"""Tests of the recorder, and of deaths that it outlives."""
