-- What the bookmarklet has always sent along.
ALTER TABLE links ADD COLUMN title TEXT NOT NULL DEFAULT '';
