-- Whether the owner of a campaign is a user or a team; NULL as with assignees.
-- transactional: false
ALTER TABLE campaign ADD COLUMN owner_kind ENUM('USER','TEAM') NULL DEFAULT NULL
