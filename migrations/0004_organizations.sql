-- Scheduled subscriptions, vouchers, and who is admin of an organization.

-- What an organization goes over to on a day to come. From that day on these columns hold what is in force, until the
-- next change of the subscription moves them to the columns without next_. All three are null where nothing is scheduled.
ALTER TABLE organizations ADD COLUMN next_subscription TEXT REFERENCES subscriptions (name);
ALTER TABLE organizations ADD COLUMN next_subscription_start_date INTEGER;
ALTER TABLE organizations ADD COLUMN next_subscription_end_date INTEGER;

-- A code that gives a plan, credits, or both to a new organization. The trail speaks of a voucher by its id: the code
-- is as good as what it gives. redemptions is counted here, so that the limit is checked by looking at one row.
CREATE TABLE vouchers (
  code TEXT PRIMARY KEY,
  id TEXT NOT NULL CONSTRAINT vouchers_id_unique UNIQUE,
  description TEXT NOT NULL,
  subscription TEXT REFERENCES subscriptions (name),
  credits INTEGER,
  expiry_date INTEGER,
  max_redemptions INTEGER,
  redemptions INTEGER NOT NULL DEFAULT 0,
  creation_date INTEGER NOT NULL,
  CONSTRAINT vouchers_within_limit CHECK (max_redemptions IS NULL OR redemptions <= max_redemptions)
) STRICT, WITHOUT ROWID;

-- What vouchers gave to an organization; it outlives the voucher. credits are millionths, 0 where the voucher gave a
-- plan alone. They count until period_end, the end of the subscription period in which the voucher was redeemed, so
-- the budget of the current period is
--   subscriptions.monthly_credits + sum(credits) WHERE organization_id = ? AND period_end > <now>
-- where a null in monthly_credits is no limit.
CREATE TABLE voucher_redemptions (
  organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  voucher_id TEXT NOT NULL,
  credits INTEGER NOT NULL,
  redemption_date INTEGER NOT NULL,
  period_end INTEGER NOT NULL,
  PRIMARY KEY (organization_id, voucher_id)
) STRICT, WITHOUT ROWID;

-- Whether an organization has another active admin: asked by whatever takes one away.
CREATE INDEX organization_users_admins ON organization_users (organization_id) WHERE admin = 1;
