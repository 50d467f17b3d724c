-- The row index of the follower finds usage by its operation and correlation ids. Each charge wrote an entry here as well, which nothing reads any more.
DROP INDEX usage_operation;
DROP TABLE correlations;
