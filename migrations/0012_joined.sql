-- Who has joined an organization, and is not only named in it by one of its admins.

-- A member has joined once they have made a call on the organization or on one of its projects, or have made it
-- themselves. Until then the organization is shown what was invited and no name, and such an admin does not count as
-- one that the organization would lose. join_date is the day of joining from then on, before it that of the invitation.
ALTER TABLE organization_users ADD COLUMN joined INTEGER NOT NULL DEFAULT 0
  CONSTRAINT organization_users_joined_flag CHECK (joined IN (0, 1));

-- Whoever has an account and is a member already stays what they were to the organization, its last admin included.
UPDATE organization_users SET joined = 1 WHERE user_id IN (SELECT id FROM users WHERE status = 'active');
