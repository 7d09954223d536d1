"""One adapter an engine. Each imports its engine, and is imported when that engine is used."""
