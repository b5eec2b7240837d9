-- projects_name begins with account_id too, and an account has few projects.
DROP INDEX projects_account;
