SELECT
  o.organization AS sponsor, o.name, COUNT(*) AS studies,
  SUM(CASE WHEN s.status IN ('RECRUITING', 'NOT_YET_RECRUITING', 'ENROLLING_BY_INVITATION', 'ACTIVE_NOT_RECRUITING')
    THEN 1 ELSE 0 END) AS active
FROM studies AS s
JOIN (SELECT DISTINCT study FROM conditions WHERE mesh = 'D007154') AS c ON c.study = s.study
JOIN sponsors AS o ON o.study = s.study
WHERE o.relation = 'lead'
GROUP BY o.organization, o.name
ORDER BY studies DESC, active DESC, o.name, sponsor;
