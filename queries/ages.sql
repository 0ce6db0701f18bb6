SELECT study, title, minimum_age_years AS minimum, maximum_age_years AS maximum
FROM studies
WHERE study_type = 'INTERVENTIONAL'
  AND (minimum_age_years IS NULL OR minimum_age_years <= 65)
  AND (maximum_age_years IS NULL OR maximum_age_years >= 80)
ORDER BY study;
