"""The questions, one folder each, found by their place: a new one edits nothing here."""

from study.analysis.core.registry import questions

__all__ = ["questions"]
