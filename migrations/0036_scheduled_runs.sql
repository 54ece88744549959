-- When the scheduled run last did its work: `/health` says when that is long ago, and whoever watches is told how long. A row a job.
CREATE TABLE scheduled_runs (
  job TEXT PRIMARY KEY,
  last_run INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
