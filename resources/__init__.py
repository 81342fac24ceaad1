"""Icons, styles, sample photos: data, found through importlib.resources."""
