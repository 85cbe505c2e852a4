//! The tamper-evident journal: intents, outcomes, RFC 6962 tree, receipts.
