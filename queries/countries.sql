SELECT s.country, c.name, COUNT(DISTINCT s.study) AS studies, COUNT(*) AS sites
FROM sites AS s
JOIN countries AS c ON c.country = s.country
GROUP BY s.country, c.name
ORDER BY studies DESC, sites DESC, s.country;
