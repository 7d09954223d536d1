CREATE TABLE pictures (owner_id BIGINT PRIMARY KEY REFERENCES users (id), octets {bytes} NOT NULL);

-- Pages name a picture with its version, so that browsers may keep it.
ALTER TABLE users ADD COLUMN picture TEXT NOT NULL DEFAULT '';
