"""Measurements of dtrain beside other libraries, and of a step's parts beside the limits of the machine.

Nothing here is imported by the rest of the package except by `dtrain bench`.
"""
