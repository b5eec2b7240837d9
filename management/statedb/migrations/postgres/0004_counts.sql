-- How many projects an account has is kept rather than counted each time: those in
-- the state, and those being created.
ALTER TABLE accounts ADD COLUMN projects BIGINT NOT NULL DEFAULT 0;
UPDATE accounts SET projects =
	(SELECT count(*) FROM projects p WHERE p.account_id = accounts.id) +
	(SELECT count(*) FROM operations o WHERE o.account_id = accounts.id AND o.pending AND o.type = 'create_project');
-- Names are reserved by the old database alone.
DROP INDEX operations_reservation;
ALTER TABLE operations DROP COLUMN reservation;
