//! Gathering what a verdict needs: judge, fetch what is missing, judge again, a bounded number of rounds.
//!
//! The judging stays pure; what was fetched becomes evidence like any other and can be stored and replayed.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use kyso_validation::attempt::{Attempt, FetchFailure, Wanted};
use kyso_validation::evidence::Evidence;
use kyso_validation::report::{FileReport, Need};
use kyso_x509::ocsp;
use kyso_x509::{Certificate, DigestAlgorithm, OcspResponse, Time};

use crate::fetch::{Fetched, Fetcher, Freshness};
use crate::verify::{Options, SignedFile, VerifyFileError};

/// A result together with the evidence that it rests on.
#[derive(Clone, Debug)]
pub struct Gathered<R> {
    /// What the judging gave with this evidence.
    pub result: R,
    /// What was at hand and what was fetched.
    pub evidence: Evidence,
    /// Sources that were asked for what is still missing and gave nothing.
    pub attempts: Vec<Attempt>,
}

/// Most rounds where no policy bounds them: a chain of four certificates, each found by the one before, and their
/// status.
const MOST_ROUNDS: usize = 8;

/// Verifies every signature of a file, and fetches what is missing.
///
/// `now` is the time of fetching, by which the cache is judged; certificates are judged at
/// [`Options::validation_time`].
///
/// # Errors
/// As [`crate::verify::verify_file`]; what cannot be fetched is in the report.
pub fn verify_file(
    path: &Path,
    options: &Options<'_>,
    fetcher: &Fetcher,
    now: Time,
) -> Result<Gathered<FileReport>, VerifyFileError> {
    let signed = SignedFile::open(path, options.content, options.password, options.known())?;
    Ok(verify(&signed, options, fetcher, now))
}

/// As [`verify_file`], for a file that was read before.
#[must_use]
pub fn verify(
    signed: &SignedFile,
    options: &Options<'_>,
    fetcher: &Fetcher,
    now: Time,
) -> Gathered<FileReport> {
    let rounds = rounds(options);
    let judge = |evidence: &Evidence| {
        // Paths that were remembered under less evidence are no longer all there are.
        let paths = options.paths.filter(|_| evidence == options.evidence);
        signed.judge(&Options { evidence, paths, ..*options }.context())
    };
    let needs = |report: &FileReport| {
        report.signatures.iter().flat_map(|one| one.needs.iter().cloned()).collect()
    };
    let mut gathered = gather(fetcher, now, options.evidence.clone(), rounds, judge, needs);
    gathered.result.attempts.clone_from(&gathered.attempts);
    gathered
}

/// The bound of the policies that may apply.
fn rounds(options: &Options<'_>) -> usize {
    let named = options.policy.map(|policy| policy.limits.max_rounds);
    let stores = options.trust.stores.iter().map(|store| store.policy.limits.max_rounds).max();
    named.or(stores).unwrap_or(MOST_ROUNDS)
}

/// Judges, fetches what the result needs, and judges again until nothing new is found or the rounds are used up.
///
/// `needs` names what a result lacks; a need that no address answers stays.
pub fn gather<R>(
    fetcher: &Fetcher,
    now: Time,
    evidence: Evidence,
    most_rounds: usize,
    judge: impl Fn(&Evidence) -> R,
    needs: impl Fn(&R) -> Vec<Need>,
) -> Gathered<R> {
    let mut result = judge(&evidence);
    let mut round = Round {
        fetcher,
        now,
        evidence,
        begun: Instant::now(),
        requests: 0,
        asked: HashMap::new(),
        failures: Vec::new(),
    };
    for _ in 0..most_rounds {
        let mut found = false;
        for need in distinct(needs(&result)) {
            found |= round.answer(&need);
        }
        if !found {
            break;
        }
        result = judge(&round.evidence);
    }
    let missing = distinct(needs(&result));
    let failures = round.failures.into_iter().filter(|(need, _)| missing.contains(need));
    let mut attempts: Vec<Attempt> = Vec::new();
    for (_, attempt) in failures {
        if !attempts.contains(&attempt) {
            attempts.push(attempt);
        }
    }
    Gathered { result, evidence: round.evidence, attempts }
}

fn distinct(needs: Vec<Need>) -> Vec<Need> {
    let mut kept: Vec<Need> = Vec::new();
    for need in needs {
        if !kept.contains(&need) {
            kept.push(need);
        }
    }
    kept
}

struct Round<'a> {
    fetcher: &'a Fetcher,
    now: Time,
    evidence: Evidence,
    begun: Instant,
    requests: usize,
    /// What became of each question: a source is asked once, and once more where only the cache had answered.
    asked: HashMap<Question, Asked>,
    failures: Vec<(Need, Attempt)>,
}

/// What became of a question to a source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The cache answered.
    FromCache,
    /// The source answered, or failed; asking again is of no use.
    Done,
}

/// A source, and what it is asked about.
type Question = (Wanted, String, Option<Certificate>);

/// One source for a need.
#[derive(Clone, Copy)]
enum Source<'a> {
    Certificates(&'a str),
    Crl(&'a str),
    Ocsp(&'a str, &'a Certificate, &'a Certificate),
}

impl Round<'_> {
    /// Asks the sources of a need in their order until one gives something new; true when one did.
    fn answer(&mut self, need: &Need) -> bool {
        let most = self.fetcher.settings().limits.sources;
        let sources: Vec<Source<'_>> = match need {
            Need::IssuerCertificate { sources, .. } => {
                sources.iter().take(most).map(|one| Source::Certificates(one)).collect()
            }
            // OCSP first: it is small, and as fresh as it gets.
            Need::RevocationStatus { certificate, issuer, ocsp, crls } => {
                let ocsp = ocsp.iter().take(most).map(|one| Source::Ocsp(one, certificate, issuer));
                ocsp.chain(crls.iter().take(most).map(|one| Source::Crl(one))).collect()
            }
            Need::TrustAnchor | Need::Content => Vec::new(),
        };
        // First what was not asked yet, then past the cache what only the cache has answered.
        let first = sources.iter().any(|source| self.ask(need, *source, Freshness::Cached));
        first || sources.iter().any(|source| self.ask(need, *source, Freshness::Anew))
    }

    fn ask(&mut self, need: &Need, source: Source<'_>, freshness: Freshness) -> bool {
        let key = source.key();
        match (self.asked.get(&key), freshness) {
            (None, Freshness::Cached) | (Some(Asked::FromCache), Freshness::Anew) => {}
            _ => return false,
        }
        let limits = self.fetcher.settings().limits;
        let fetched = if self.requests >= limits.requests {
            Err(FetchFailure::TooManyRequests)
        } else if self.begun.elapsed() >= limits.gathering {
            Err(FetchFailure::TimedOut)
        } else {
            self.fetch(source, freshness)
        };
        match fetched {
            Ok(Fetched { value: more, from_cache }) => {
                self.requests += usize::from(!from_cache);
                self.asked.insert(key, if from_cache { Asked::FromCache } else { Asked::Done });
                let before = self.evidence.len();
                self.evidence.merge(&more);
                self.evidence.len() > before
            }
            Err(failure) => {
                self.requests += 1;
                let attempt = Attempt {
                    wanted: source.wanted(),
                    source: source.address().to_owned(),
                    failure,
                };
                self.failures.push((need.clone(), attempt));
                self.asked.insert(key, Asked::Done);
                false
            }
        }
    }

    fn fetch(
        &self,
        source: Source<'_>,
        freshness: Freshness,
    ) -> Result<Fetched<Evidence>, FetchFailure> {
        let mut more = Evidence::default();
        let from_cache = match source {
            Source::Certificates(address) => {
                let fetched = self.fetcher.certificates(address, freshness, self.now)?;
                more.certificates = fetched.value;
                fetched.from_cache
            }
            Source::Crl(address) => {
                let fetched = self.fetcher.crls(address, freshness, self.now)?;
                more.crls = fetched.value;
                fetched.from_cache
            }
            Source::Ocsp(address, certificate, issuer) => {
                // SHA-1 only names the issuer here; it is the digest that every responder knows (RFC 5019 §2.1.1).
                let digest = DigestAlgorithm::Sha1ForLegacyUseOnly;
                // No nonce: answers are kept in caches and bundles and serve other questions too (RFC 5019 §4), and how
                // old one may be is the policy's to say, by thisUpdate and nextUpdate, as with CRLs.
                let request = ocsp::request(certificate, issuer, digest, None);
                let answers =
                    |response: &OcspResponse| response.find(certificate, issuer).is_some();
                let fetched = self.fetcher.ocsp(address, &request, answers, freshness, self.now)?;
                more.ocsp.push(fetched.value);
                fetched.from_cache
            }
        };
        Ok(Fetched { value: more, from_cache })
    }
}

impl Source<'_> {
    const fn wanted(&self) -> Wanted {
        match self {
            Self::Certificates(_) => Wanted::Certificates,
            Self::Crl(_) => Wanted::Crl,
            Self::Ocsp(..) => Wanted::Ocsp,
        }
    }

    const fn address(&self) -> &str {
        match self {
            Self::Certificates(address) | Self::Crl(address) | Self::Ocsp(address, ..) => address,
        }
    }

    /// One responder is asked about many certificates.
    fn key(&self) -> Question {
        let subject = match self {
            Self::Ocsp(_, certificate, _) => Some((*certificate).clone()),
            Self::Certificates(_) | Self::Crl(_) => None,
        };
        (self.wanted(), self.address().to_owned(), subject)
    }
}
