SELECT s.study, s.title, x.sites, x.countries
FROM studies AS s
JOIN (
  SELECT study, COUNT(*) AS sites, COUNT(DISTINCT country) AS countries
  FROM sites
  GROUP BY study
) AS x ON x.study = s.study
WHERE x.sites > 20
ORDER BY x.sites DESC, s.study;
