"""Frozen records that cross rooms. No behaviour beyond derived values, no I/O."""
