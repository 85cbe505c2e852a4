//! What the holder of a certificate should know in time: it expires, or names a unit that is not there any more.

use std::time::Duration;

use kyso_protocol::{
    CertificateWarning, DissolvedUnit, Lang, NewReissuanceRequest, ReissuanceReason, UnitNow,
    UnitRef,
};
use kyso_reissue::{
    Date, Mapping, Suggestion, Threshold, Unit, UnitMatch, days_left, dissolved_units,
    expiry_threshold, suggestion,
};
use kyso_x509::{Certificate, Time, escape_for_display};

use crate::app::App;
use crate::error::ApiError;
use crate::reissuance::wire;
use crate::{clock, explain};

/// Warnings about a certificate, each with the request that would mend it.
#[must_use]
pub fn of_certificate(certificate: &Certificate, now: Time, lang: Lang) -> Vec<CertificateWarning> {
    let Some(today) = Date::in_vietnam(now) else { return Vec::new() };
    expiry(certificate, now, today, lang)
        .into_iter()
        .chain(unit(certificate, today, lang))
        .collect()
}

/// The same in words alone, as of now; for the warnings of a signature, `kyso daemon status` and `kyso doctor`.
#[must_use]
pub fn texts(certificate: &Certificate, now: Time, lang: Lang) -> Vec<String> {
    of_certificate(certificate, now, lang).into_iter().map(|warning| warning.text).collect()
}

/// Counts and logs each warning once: the table `notice` remembers which were told. No name reaches log or metrics.
///
/// # Errors
/// Where the daemon's tables cannot be written.
pub(crate) fn tell_once(app: &App, certificate: &Certificate) -> Result<(), ApiError> {
    let now = Time::from_unix_seconds(clock::now().as_second());
    let sha256 = fingerprint(certificate);
    for warning in of_certificate(certificate, now, Lang::En) {
        let first = app.store.transaction(|transaction| {
            let told = transaction.execute(
                "INSERT OR IGNORE INTO notice (certificate, code, told_at) VALUES (?1, ?2, ?3)",
                (&sha256, &warning.code, clock::unix_micros()),
            )?;
            Ok(told == 1)
        })?;
        if first {
            metrics::counter!("kyso_certificate_warnings_total", "code" => warning.code.clone())
                .increment(1);
            tracing::warn!(certificate = %sha256, code = %warning.code, days_left = warning.days_left, "certificate");
        }
    }
    Ok(())
}

/// Between two looks.
const DAILY: Duration = Duration::from_secs(24 * 3600);

/// Before the first look: whatever the daemon was started for comes first, and modules are loaded by who needs them.
const AFTER_START: Duration = Duration::from_secs(60);

/// Looks round soon after the start and then every day, until the daemon ends.
pub(crate) async fn from_time_to_time(app: App) {
    let mut pause = AFTER_START;
    loop {
        tokio::select! {
            () = app.stopping().cancelled() => return,
            () = tokio::time::sleep(pause) => pause = DAILY,
        }
        if let Err(error) = app.blocking(look_round).await {
            // No token inserted is the usual case and no news.
            tracing::info!(code = error.document(Lang::En).code, "no look at certificates");
        }
    }
}

/// Looks at every certificate that can be seen now and tells what is new.
///
/// # Errors
/// Where no token can be listed, or the tables cannot be written.
fn look_round(app: &App) -> Result<(), ApiError> {
    for credential in app.tokens().credentials()?.iter() {
        if let Ok(certificate) = Certificate::from_der(&credential.certificate) {
            tell_once(app, &certificate)?;
        }
    }
    Ok(())
}

fn fingerprint(certificate: &Certificate) -> String {
    hex::encode(certificate.sha256_fingerprint().as_bytes())
}

fn expiry(
    certificate: &Certificate,
    now: Time,
    today: Date,
    lang: Lang,
) -> Option<CertificateWarning> {
    let not_after = certificate.validity().not_after;
    // Thresholds count days; the end comes at its second.
    let threshold = match expiry_threshold(not_after, today)? {
        _ if not_after < now => Threshold::Expired,
        threshold => threshold,
    };
    let days = days_left(not_after, today)?;
    let code = match threshold {
        Threshold::Days90 => "expires-in-90-days",
        Threshold::Days60 => "expires-in-60-days",
        Threshold::Days30 => "expires-in-30-days",
        Threshold::Expired => "expired",
    };
    let text = match threshold {
        Threshold::Expired => explain::reissue::expired(not_after, lang),
        Threshold::Days90 | Threshold::Days60 | Threshold::Days30 => {
            explain::reissue::expiry(days, not_after, lang)
        }
    };
    Some(CertificateWarning {
        code: code.to_owned(),
        text,
        days_left: Some(days),
        dissolved: None,
        request: prefilled(certificate, ReissuanceReason::Expiring, None, None),
    })
}

fn unit(certificate: &Certificate, today: Date, lang: Lang) -> Option<CertificateWarning> {
    let (mapping, subject) = (Mapping::national(), certificate.subject());
    let gone = dissolved_units(mapping, subject, today);
    if let Some(found) = suggestion(mapping, subject, today) {
        // The province's name may have changed though the commune's stands: any match of the unit will do.
        let matched = kyso_reissue::match_subject(mapping, subject, today)
            .into_iter()
            .find(|one| one.unit().is_some_and(|candidate| candidate.unit == found.old))?;
        return Some(known(certificate, &found, &matched, lang));
    }
    let matched = gone.first()?;
    let value = value_of(certificate, matched);
    Some(CertificateWarning {
        code: "unit-dissolved".to_owned(),
        text: explain::reissue::unit_unclear(&escape_for_display(&value), lang),
        days_left: None,
        dissolved: None,
        // Which unit is meant, and what came of it, only a person can say.
        request: prefilled(certificate, ReissuanceReason::UnitMerged, None, None),
    })
}

fn known(
    certificate: &Certificate,
    found: &Suggestion,
    matched: &UnitMatch,
    lang: Lang,
) -> CertificateWarning {
    let mapping = Mapping::national();
    let successors: Vec<Unit> = found.new.map_or_else(|| found.choices.clone(), |new| vec![new]);
    let old = UnitRef::Code {
        code: found.old.code.to_string(),
        // A day of its own period that means something to a person: its last.
        date: found.old.valid_until.unwrap_or(found.old.valid_from).to_string(),
    };
    let new = found.new.as_ref().map(wire::unit_of);
    CertificateWarning {
        code: "unit-dissolved".to_owned(),
        text: explain::reissue::unit_dissolved(&found.old, &successors, lang),
        days_left: None,
        dissolved: Some(DissolvedUnit {
            attribute: kyso_reissue::dn::attribute_label(matched.oid),
            value: value_of(certificate, matched),
            code: found.old.code.to_string(),
            name: found.old.name(),
            successors: successors.iter().map(|unit| now(mapping, unit)).collect(),
        }),
        request: prefilled(certificate, wire::reason_out(found.reason), Some(old), new),
    }
}

fn now(mapping: &Mapping, unit: &Unit) -> UnitNow {
    UnitNow {
        code: unit.code.to_string(),
        name: unit.name(),
        province: mapping.province(unit).map(|province| province.name()).unwrap_or_default(),
        valid_from: unit.valid_from.to_string(),
        resolution: mapping.resolution(unit).map(|one| one.number.to_owned()).unwrap_or_default(),
    }
}

fn value_of(certificate: &Certificate, matched: &UnitMatch) -> String {
    let attributes = certificate.subject().attributes();
    let text = attributes.get(matched.attribute).and_then(|attribute| attribute.text.clone());
    text.unwrap_or_default()
}

fn prefilled(
    certificate: &Certificate,
    reason: ReissuanceReason,
    old_unit: Option<UnitRef>,
    new_unit: Option<UnitRef>,
) -> NewReissuanceRequest {
    NewReissuanceRequest {
        certificate: fingerprint(certificate),
        reason,
        old_unit,
        new_unit,
        email: None,
        requested_subject: None,
        person: None,
    }
}
