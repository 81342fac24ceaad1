"""Models as data: manifests, the catalogue of versions, verified files, building of the default model."""
