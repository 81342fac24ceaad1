"""From paths to pictures: scan, identify, read, decode."""
