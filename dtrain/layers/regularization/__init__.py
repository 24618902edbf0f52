"""Layers that act only while training."""
