//! Numbers for the metrics.

use super::{Store, StoreError};

/// Every state, so that one with no operation shows as 0.
const STATES: [&str; 12] = [
    "queued",
    "waiting-for-token",
    "waiting-for-consent",
    "waiting-for-pin",
    "running",
    "paused",
    "succeeded",
    "failed",
    "cancelled",
    "denied",
    "timed-out",
    "interrupted",
];

impl Store {
    /// How many operations are in which state.
    pub(crate) fn operations_by_state(&self) -> Result<[(&'static str, f64); 12], StoreError> {
        let mut counts = STATES.map(|state| (state, 0.0));
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT state, count(*) FROM operation GROUP BY state")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let state: String = row.get(0)?;
            if let Some(place) = counts.iter_mut().find(|(name, _)| *name == state) {
                place.1 = row.get(1)?;
            }
        }
        Ok(counts)
    }
}
