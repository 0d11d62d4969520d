"""Everything about one consultation -> TriageRecord, its page, its FHIR Bundle."""
