//! The table of ratios, on the screen and in a file.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::quiet::{MOST_FOREIGN_CORES, Watch};

/// Rounds of every figure.
pub(crate) const ROUNDS: usize = 7;

/// Most rounds tried before a noisy machine is reported as such.
const MOST_ROUNDS: usize = 40;

pub(crate) struct Table {
    rows: Vec<Row>,
    rough: bool,
}

struct Row {
    name: String,
    ratios: Vec<f64>,
    goal: Goal,
    note: String,
}

/// What a ratio must reach.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// Measured to be known, with nothing promised.
    Unset,
}

impl Table {
    /// A `rough` one takes a single round of each, however busy the machine: for a first look, not for a figure.
    pub(crate) fn new(rough: bool) -> Self {
        Self { rows: Vec::new(), rough }
    }

    /// Runs quiet rounds; each gives a ratio and a note of the figures behind it.
    pub(crate) fn measure(
        &mut self,
        name: impl Into<String>,
        goal: Goal,
        mut round: impl FnMut() -> Result<(f64, String)>,
    ) -> Result<()> {
        let name = name.into();
        if self.rough {
            return self.once(name, goal, round);
        }
        let mut found = Vec::new();
        let mut noisy = 0;
        while found.len() < ROUNDS && found.len() + noisy < MOST_ROUNDS {
            let watch = Watch::start()?;
            let one = round()?;
            if watch.foreign_cores()? > MOST_FOREIGN_CORES {
                noisy += 1;
            } else {
                found.push(one);
            }
            eprint!("\r{name}: round {} of {ROUNDS}, {noisy} noisy ", found.len());
        }
        eprintln!();
        found.sort_by(|one, other| one.0.total_cmp(&other.0));
        let note = match found.get(found.len() / 2) {
            Some((_, note)) if found.len() == ROUNDS => note.clone(),
            _ => format!("NOT MEASURED: only {} quiet rounds of {MOST_ROUNDS}", found.len()),
        };
        let ratios = found.into_iter().map(|(ratio, _)| ratio).collect();
        self.rows.push(Row { name, ratios, goal, note });
        Ok(())
    }

    /// Runs rounds whoever else is busy: a worker that outlives its daemon cannot be told from another's process.
    pub(crate) fn measure_unwatched(
        &mut self,
        name: impl Into<String>,
        goal: Goal,
        mut round: impl FnMut() -> Result<(f64, String)>,
    ) -> Result<()> {
        let name = name.into();
        if self.rough {
            return self.once(name, goal, round);
        }
        eprintln!("{name}: {ROUNDS} rounds");
        let mut found = (0..ROUNDS).map(|_| round()).collect::<Result<Vec<_>>>()?;
        found.sort_by(|one, other| one.0.total_cmp(&other.0));
        let note = found.get(ROUNDS / 2).map(|(_, note)| note.clone()).unwrap_or_default();
        let ratios = found.into_iter().map(|(ratio, _)| ratio).collect();
        self.rows.push(Row { name, ratios, goal, note });
        Ok(())
    }

    /// Runs one round, for what takes long and does not depend on who else is busy.
    pub(crate) fn once(
        &mut self,
        name: impl Into<String>,
        goal: Goal,
        round: impl FnOnce() -> Result<(f64, String)>,
    ) -> Result<()> {
        let name = name.into();
        eprintln!("{name}: one round");
        let (ratio, note) = round()?;
        self.rows.push(Row { name, ratios: vec![ratio], goal, note });
        Ok(())
    }

    /// Prints the table and writes it to `target/bench/`.
    pub(crate) fn finish(&self) -> Result<()> {
        let mut text = String::new();
        if self.rough {
            text.push_str("ROUGH: one round each, whoever else was busy\n");
        }
        let _ = writeln!(
            text,
            "{:<46} {:>7} {:>15}  {:>7}  ",
            "figure (median of 7 rounds)", "ratio", "min–max", "goal"
        );
        for row in &self.rows {
            let (min, median, max) = row.spread();
            let _ = writeln!(
                text,
                "{:<46} {median:>7.2} {:>15}  {:>7}  {} {}",
                row.name,
                format!("{min:.2}–{max:.2}"),
                row.goal.shown(),
                if row.goal.met(median) { "met   " } else { "MISSED" },
                row.note
            );
        }
        print!("\n{text}");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("latest.txt"), &text)?;
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let (min, median, max) = row.spread();
                json!({
                    "figure": row.name, "median": median, "min": min, "max": max,
                    "goal": row.goal.shown(), "met": row.goal.met(median), "note": row.note,
                })
            })
            .collect();
        std::fs::write(folder.join("latest.json"), format!("{:#}\n", json!({ "rows": rows })))?;
        println!("\nAlso in {}", folder.join("latest.txt").display());
        Ok(())
    }
}

impl Row {
    fn spread(&self) -> (f64, f64, f64) {
        let at = |index: usize| self.ratios.get(index).copied().unwrap_or(f64::NAN);
        (at(0), at(self.ratios.len() / 2), at(self.ratios.len().saturating_sub(1)))
    }
}

impl Goal {
    fn met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(goal) => ratio >= goal,
            Self::AtMost(goal) => ratio <= goal,
            Self::Unset => true,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtLeast(goal) => format!("≥ {goal}"),
            Self::AtMost(goal) => format!("≤ {goal}"),
            Self::Unset => "none".to_owned(),
        }
    }
}
