"""Search by likeness: arithmetic over the vectors of a library, without SQL, threads or settings."""
