"""Search with words: an image tower and a text tower that share a space, taken in from a published export and run."""
