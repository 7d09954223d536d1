-- {id} is what the database calls a number that it gives out. Never change a script that was released; add one.
CREATE TABLE users (
    username TEXT PRIMARY KEY,
    email TEXT,
    password TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    last_login BIGINT,
    date_joined BIGINT
);

CREATE TABLE links (
    id {id},
    owner TEXT NOT NULL REFERENCES users,
    url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (owner, url)
);

CREATE INDEX links_in_order ON links (owner, updated_at, id);
