"""Layers that move values without computing."""
