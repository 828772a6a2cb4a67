"""Computes everything that a report shows, once: page and text only put it into words."""
