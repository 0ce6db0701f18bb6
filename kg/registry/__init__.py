"""Client of the ClinicalTrials.gov API: selections of studies, complete listings, and copies that stay current."""
