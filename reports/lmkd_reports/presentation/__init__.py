"""Puts an ``Analysis`` into a page and into plain text. Nothing here computes on measurements."""

from __future__ import annotations

from lmkd_reports.presentation.html import render_html
from lmkd_reports.presentation.summary import render_summary

__all__ = ["render_html", "render_summary"]
