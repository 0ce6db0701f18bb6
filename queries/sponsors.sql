SELECT
  organization AS sponsor, name,
  SUM(CASE WHEN relation = 'lead' THEN 1 ELSE 0 END) AS leads,
  SUM(CASE WHEN relation = 'collaborator' THEN 1 ELSE 0 END) AS supports
FROM sponsors
WHERE agency_class = 'INDUSTRY'
GROUP BY organization, name
ORDER BY leads DESC, supports DESC, name, sponsor;
