SELECT study, group_id, group_title, term, organ_system, affected, at_risk
FROM events
WHERE event_type = 'SERIOUS' AND affected >= 1
ORDER BY study, group_id, position;
