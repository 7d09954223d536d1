-- Made on request: READIFY_SEED is the password of both. What is there already stays as it is.
INSERT INTO users (username, password, date_joined, last_login, name, bio, location_text, website) VALUES
    ('paul', '{password}', {now}, {now}, 'Paul D.', 'Alto saxophone, dry like a martini. Reads more than he lets on.',
        'San Francisco', 'https://example.com/paul'),
    ('dave', '{password}', {now}, {now}, 'Dave B.', 'Piano. Two hands, two keys.', 'Concord', '')
ON CONFLICT DO NOTHING;
INSERT INTO links (owner_id, url, title, liked, created_at, updated_at)
SELECT users.id, seed.url, seed.title, seed.liked, {now} - seed.minutes * 60000, {now} - seed.minutes * 60000
FROM users JOIN (
    SELECT 'paul' AS owner, 'https://example.com/time-signatures' AS url, 'Why five-four does not limp' AS title, 1 AS liked, CAST(12 AS BIGINT) AS minutes
    UNION ALL SELECT 'paul', 'https://example.org/2026/quiet-web', 'The quiet web: pages that do nothing but say something', 0, 180
    UNION ALL SELECT 'paul', 'https://example.net/greenlets', 'A thousand things at once in one thread', 0, 1560
    UNION ALL SELECT 'paul', 'https://example.com/typography/measure', 'How long a line may be before the eye gets lost', 0, 4500
    UNION ALL SELECT 'paul', 'https://example.org/martini', 'On dryness', 0, 42000
    UNION ALL SELECT 'dave', 'https://example.com/polytonality', 'Two keys at once, and how to stay friends', 0, 60
    UNION ALL SELECT 'dave', 'https://example.com/turkey', 'Street musicians in nine-eight', 0, 3000
) seed ON seed.owner = users.username
WHERE TRUE
ON CONFLICT DO NOTHING;
INSERT INTO tags (link_id, owner_id, tag)
SELECT links.id, links.owner_id, seed.tag
FROM links JOIN (
    SELECT 'https://example.com/time-signatures' AS url, 'five four' AS tag
    UNION ALL SELECT 'https://example.com/time-signatures', 'rhythm'
    UNION ALL SELECT 'https://example.org/2026/quiet-web', 'web'
    UNION ALL SELECT 'https://example.org/2026/quiet-web', 'reading'
    UNION ALL SELECT 'https://example.net/greenlets', 'python'
    UNION ALL SELECT 'https://example.com/typography/measure', 'typography'
    UNION ALL SELECT 'https://example.com/typography/measure', 'reading'
    UNION ALL SELECT 'https://example.com/polytonality', 'harmony'
    UNION ALL SELECT 'https://example.com/turkey', 'rhythm'
) seed ON seed.url = links.url JOIN users ON users.id = links.owner_id
WHERE users.username IN ('paul', 'dave')
ON CONFLICT DO NOTHING;
