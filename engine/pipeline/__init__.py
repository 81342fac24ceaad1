"""Wires the rooms: the only place that knows the order in which a file becomes a stored prediction."""
