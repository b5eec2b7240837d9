-- Recovery lists what is pending by id, every second: without reading what is not.
DROP INDEX operations_pending;
CREATE INDEX operations_pending ON operations (id) WHERE pending;
