//! The API's calls, one method each.

use hyper::header::HeaderValue;
use kyso_protocol::{
    AnswerRequest, Batch, BatchItems, BatchRequest, CertificateList, Consent, Document,
    DocumentList, ExportRequest, Health, Info, JournalCheckpoint, JournalEntry,
    NewReissuanceRequest, Operation, OperationKind, ReissuanceList, ReissuanceRequest,
    SignatureRequest, SubmitRequest, TokenList, VerificationReport,
};
use serde_json::Value;

use super::{Client, ClientError, encoded};

/// The key under which a request has its effect once, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency(String);

impl Idempotency {
    /// A new key.
    #[must_use]
    pub fn fresh() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    /// As a structured-field string (RFC 8941 §3.3.3).
    pub(super) fn header(&self) -> Result<HeaderValue, ClientError> {
        HeaderValue::try_from(format!("\"{}\"", self.0))
            .map_err(|error| ClientError::Request(error.into()))
    }
}

/// A request without a body.
const NOTHING: Option<&()> = None;

impl Client {
    /// `GET /v1/info`.
    ///
    /// # Errors
    /// [`ClientError`], as for all calls.
    pub async fn info(&mut self) -> Result<Info, ClientError> {
        self.load("/v1/info").await
    }

    /// `GET /readyz`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn readiness(&mut self) -> Result<Health, ClientError> {
        self.load("/readyz").await
    }

    /// `GET /v1/tokens`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn tokens(&mut self) -> Result<TokenList, ClientError> {
        self.load("/v1/tokens").await
    }

    /// `GET /v1/certificates`, with the expired ones where asked for.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn certificates(&mut self, expired: bool) -> Result<CertificateList, ClientError> {
        let query = if expired { "?expired=true" } else { "" };
        self.load(&format!("/v1/certificates{query}")).await
    }

    /// `GET /v1/documents`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn documents(&mut self) -> Result<DocumentList, ClientError> {
        self.load("/v1/documents").await
    }

    /// `GET /v1/documents/{id}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn document(&mut self, id: &str) -> Result<Document, ClientError> {
        self.load(&format!("/v1/documents/{}", encoded(id))).await
    }

    /// `DELETE /v1/documents/{id}`; one that is gone already is no error.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_document(&mut self, id: &str) -> Result<(), ClientError> {
        match self.remove(&format!("/v1/documents/{}", encoded(id))).await {
            Err(error) if super::is_gone(&error) => Ok(()),
            ended => ended,
        }
    }

    /// `POST /v1/signatures`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn sign(
        &mut self,
        request: &SignatureRequest,
        key: &Idempotency,
    ) -> Result<Operation, ClientError> {
        self.post("/v1/signatures", Some(request), Some(key)).await
    }

    /// `GET /v1/operations/{id}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn operation(&mut self, id: &str) -> Result<Operation, ClientError> {
        self.load(&format!("/v1/operations/{}", encoded(id))).await
    }

    /// `POST /v1/operations/{id}/cancel`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn cancel(&mut self, id: &str) -> Result<Operation, ClientError> {
        self.post(&format!("/v1/operations/{}/cancel", encoded(id)), NOTHING, None).await
    }

    /// `POST /v1/batches`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn sign_batch(
        &mut self,
        request: &BatchRequest,
        key: &Idempotency,
    ) -> Result<Batch, ClientError> {
        self.post("/v1/batches", Some(request), Some(key)).await
    }

    /// The batches among the operations that the daemon still knows, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn batches(&mut self) -> Result<Vec<Batch>, ClientError> {
        let operations: Vec<Operation> = self.load("/v1/operations").await?;
        let mut batches = Vec::new();
        for operation in operations.iter().filter(|one| one.kind == OperationKind::Batch) {
            match self.batch(&operation.id).await {
                Ok(batch) => batches.push(batch),
                // Its time was over between the two questions.
                Err(error) if super::is_gone(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(batches)
    }

    /// `GET /v1/batches/{id}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn batch(&mut self, id: &str) -> Result<Batch, ClientError> {
        self.load(&format!("/v1/batches/{}", encoded(id))).await
    }

    /// `GET /v1/batches/{id}/items` from a number on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn batch_items(&mut self, id: &str, from: usize) -> Result<BatchItems, ClientError> {
        self.load(&format!("/v1/batches/{}/items?from={from}", encoded(id))).await
    }

    /// `POST /v1/batches/{id}/pause`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pause_batch(&mut self, id: &str) -> Result<Batch, ClientError> {
        self.post(&format!("/v1/batches/{}/pause", encoded(id)), NOTHING, None).await
    }

    /// `POST /v1/batches/{id}/resume`; the person is asked for the PIN by `consent`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn resume_batch(
        &mut self,
        id: &str,
        consent: Option<&Consent>,
    ) -> Result<Batch, ClientError> {
        let target = format!("/v1/batches/{}/resume", encoded(id));
        // The body is a request to submit in all but name: how the person is asked.
        let body = SubmitRequest { consent: consent.cloned() };
        self.post(&target, Some(&body), None).await
    }

    /// `POST /v1/batches/{id}/cancel`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn cancel_batch(&mut self, id: &str) -> Result<Batch, ClientError> {
        self.post(&format!("/v1/batches/{}/cancel", encoded(id)), NOTHING, None).await
    }

    /// `GET /v1/journal/entries/{index}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn journal_entry(&mut self, index: u64) -> Result<JournalEntry, ClientError> {
        self.load(&format!("/v1/journal/entries/{index}")).await
    }

    /// `GET /v1/journal/checkpoint`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn checkpoint(&mut self) -> Result<JournalCheckpoint, ClientError> {
        self.load("/v1/journal/checkpoint").await
    }

    /// `GET /v1/journal/proofs/{index}`: the receipt's text (`tlog-proof@v1`).
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn receipt(&mut self, index: u64) -> Result<String, ClientError> {
        self.load_text(&format!("/v1/journal/proofs/{index}")).await
    }

    /// `POST /v1/verifications` of a document that the daemon holds.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn verify_document(
        &mut self,
        id: &str,
        policy: Option<&str>,
    ) -> Result<VerificationReport, ClientError> {
        let policy = policy.map(|name| format!("&policy={}", encoded(name))).unwrap_or_default();
        let target = format!("/v1/verifications?document={}{policy}", encoded(id));
        self.post(&target, NOTHING, None).await
    }

    /// `GET /v1/reissuance-requests`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reissuance_requests(&mut self) -> Result<ReissuanceList, ClientError> {
        self.load("/v1/reissuance-requests").await
    }

    /// `GET /v1/reissuance-requests/{id}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reissuance(&mut self, id: &str) -> Result<ReissuanceRequest, ClientError> {
        self.load(&format!("/v1/reissuance-requests/{}", encoded(id))).await
    }

    /// `POST /v1/reissuance-requests`: makes a draft.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn draft_reissuance(
        &mut self,
        request: &NewReissuanceRequest,
        key: &Idempotency,
    ) -> Result<ReissuanceRequest, ClientError> {
        self.post("/v1/reissuance-requests", Some(request), Some(key)).await
    }

    /// `POST /v1/reissuance-requests/{id}/submit`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn submit_reissuance(
        &mut self,
        id: &str,
        request: &SubmitRequest,
        key: &Idempotency,
    ) -> Result<Operation, ClientError> {
        let target = format!("/v1/reissuance-requests/{}/submit", encoded(id));
        self.post(&target, Some(request), Some(key)).await
    }

    /// `POST /v1/reissuance-requests/{id}/export`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn export_reissuance(
        &mut self,
        id: &str,
        request: &ExportRequest,
        key: &Idempotency,
    ) -> Result<Operation, ClientError> {
        let target = format!("/v1/reissuance-requests/{}/export", encoded(id));
        self.post(&target, Some(request), Some(key)).await
    }

    /// `POST /v1/reissuance-requests/{id}/answer`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn answer_reissuance(
        &mut self,
        id: &str,
        answer: &AnswerRequest,
        key: &Idempotency,
    ) -> Result<ReissuanceRequest, ClientError> {
        let target = format!("/v1/reissuance-requests/{}/answer", encoded(id));
        self.post(&target, Some(answer), Some(key)).await
    }

    /// `POST /v1/reissuance-requests/{id}/cancel`: withdraws it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn withdraw_reissuance(
        &mut self,
        id: &str,
        key: &Idempotency,
    ) -> Result<ReissuanceRequest, ClientError> {
        let target = format!("/v1/reissuance-requests/{}/cancel", encoded(id));
        self.post(&target, NOTHING, Some(key)).await
    }

    /// `GET /v1/reissuance-requests/{id}/form04` as `json`, `text` or `csv`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn form04(&mut self, id: &str, format: &str) -> Result<String, ClientError> {
        let target =
            format!("/v1/reissuance-requests/{}/form04?format={}", encoded(id), encoded(format));
        self.load_text(&target).await
    }

    /// Any JSON resource, as it comes.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn raw(&mut self, target: &str) -> Result<Value, ClientError> {
        self.load(target).await
    }
}
