//! Numbers for the metrics.

use super::operations::{ALL_STATES, word};
use super::{Store, StoreError};

impl Store {
    /// How many operations are in which state, those with none among them.
    pub(crate) fn operations_by_state(&self) -> Result<Vec<(String, f64)>, StoreError> {
        let mut counts: Vec<_> = ALL_STATES.iter().map(|state| (word(state), 0.0)).collect();
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
