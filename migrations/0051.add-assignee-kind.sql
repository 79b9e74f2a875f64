-- Whether an assignee is a user or a team; NULL where nobody said so and OpenMetadata's database knew neither.
-- transactional: false
ALTER TABLE action_items ADD COLUMN assignee_kind ENUM('USER','TEAM') NULL DEFAULT NULL
