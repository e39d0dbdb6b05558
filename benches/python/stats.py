"""Rows of the speed table: intervals, tests, ranks, correlations, bootstrap, power, multiplicity."""

from __future__ import annotations

from speed import Row

ROWS: list[Row] = []
