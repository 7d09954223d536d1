-- Of the key to the API; the key itself is shown once and not kept.
ALTER TABLE users ADD COLUMN key_digest TEXT;
CREATE UNIQUE INDEX users_key ON users (key_digest);
