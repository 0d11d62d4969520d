"""TriageRecord -> what people and other systems read: a page, a FHIR bundle, redacted text, a worklist.

Goes in: a finished `TriageRecord`. Comes out: `page.show` (terminal), `html.page` (notebook), `fhir.to_bundle` (R4),
`redact.redact` (text without identifiers), `share.shareable` (a record that may leave), `store.RecordStore` (a folder
of records, most severe first).
"""
