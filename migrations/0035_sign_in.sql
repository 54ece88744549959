-- People sign in: sessions, and the links that open them.

-- A session is a token of a person that counts in a cookie alone: its digest is made for another purpose, so neither works in the
-- other's place. grace_end is its end. session_made_from: the token that was shown for it, with which it ends.
ALTER TABLE tokens ADD COLUMN session_method TEXT CONSTRAINT tokens_session_method_known CHECK (
  session_method IS NULL
  OR (session_method IN ('token', 'link', 'passkey', 'oidc') AND user_id IS NOT NULL AND grace_end IS NOT NULL)
);
ALTER TABLE tokens ADD COLUMN session_made_from TEXT REFERENCES tokens (id) ON DELETE CASCADE;
ALTER TABLE tokens ADD COLUMN session_user_agent TEXT;

-- A person has one token of their own; sessions stand beside it.
DROP INDEX tokens_by_user;
CREATE UNIQUE INDEX tokens_by_user ON tokens (user_id) WHERE user_id IS NOT NULL AND session_method IS NULL;

-- All of a person: their list of sessions, and what goes with them.
CREATE INDEX tokens_of_user ON tokens (user_id, creation_date) WHERE user_id IS NOT NULL;

-- What ends with a token.
CREATE INDEX tokens_sessions_made_from ON tokens (session_made_from) WHERE session_made_from IS NOT NULL;

-- What opens one session, once; a person has at most one. session_id: the session or token that made it, with which it ends; NULL of the
-- operator's. organization_id: the organization whose admin made it for somebody they invited.
CREATE TABLE sign_in_links (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL CONSTRAINT sign_in_links_digest_unique UNIQUE,
  key_id TEXT NOT NULL,
  user_id TEXT NOT NULL CONSTRAINT sign_in_links_one_each UNIQUE REFERENCES users (id) ON DELETE CASCADE,
  session_id TEXT REFERENCES tokens (id) ON DELETE CASCADE,
  organization_id TEXT REFERENCES organizations (id) ON DELETE CASCADE,
  creation_date INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What ends with an organization or a session.
CREATE INDEX sign_in_links_by_organization ON sign_in_links (organization_id) WHERE organization_id IS NOT NULL;
CREATE INDEX sign_in_links_by_session ON sign_in_links (session_id) WHERE session_id IS NOT NULL;
