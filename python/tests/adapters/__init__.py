"""Tests of adapters, with the real libraries."""
