SELECT study, group_id, title, deaths, deaths_at_risk, serious, serious_at_risk
FROM event_groups
WHERE group_id IS NOT NULL AND title IS NOT NULL
ORDER BY study, group_id;
