-- {id} and {bytes} stand for what the database calls such a column. A statement ends with ; at the end of a line.
CREATE TABLE secrets (id INTEGER PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE users (
    id {id},
    username TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1,
    date_joined BIGINT NOT NULL,
    last_login BIGINT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    bio TEXT NOT NULL DEFAULT '',
    location_text TEXT NOT NULL DEFAULT '',
    website TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT ''
);

CREATE TABLE links (
    id {id},
    owner_id BIGINT NOT NULL REFERENCES users (id),
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    liked INTEGER NOT NULL DEFAULT 0,
    archived INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (owner_id, url)
);

-- An index for each list, in its order: no list reads what it does not show.
CREATE INDEX links_changed ON links (owner_id, updated_at, id);
CREATE INDEX links_shown ON links (owner_id, deleted, created_at, id);
CREATE INDEX links_reading ON links (owner_id, deleted, archived, created_at, id);
CREATE INDEX links_liked ON links (owner_id, deleted, liked, created_at, id);

CREATE TABLE tags (
    link_id BIGINT NOT NULL REFERENCES links (id),
    owner_id BIGINT NOT NULL REFERENCES users (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (link_id, tag)
);
CREATE INDEX tags_of_owner ON tags (owner_id, tag, link_id);

CREATE TABLE sessions (key TEXT PRIMARY KEY, record {bytes} NOT NULL, ends_at BIGINT NOT NULL);
CREATE INDEX sessions_ends ON sessions (ends_at);
