"""Model manifests and label files: data, found through importlib.resources."""
