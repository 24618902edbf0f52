"""Preprocessing that is pure array work."""
