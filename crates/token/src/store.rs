//! The two traits every key store implements.

use crate::{Credential, Input, PinPrompt, PinSource, RawSignature, SigningAlgorithm, TokenError};

/// A place where keys live: the PKCS#11 modules of a machine, or key files.
pub trait KeyStore: Send + Sync {
    /// All credentials that can be seen without a PIN.
    ///
    /// # Errors
    /// The first module's or file's error, where none could be read at all.
    fn credentials(&self) -> Result<Vec<Credential>, TokenError>;

    /// Logs in once for one act.
    ///
    /// # Errors
    /// Every [`TokenError`]; the token is logged out again when it fails.
    fn open(
        &self,
        credential: &Credential,
        source: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<Box<dyn SigningAct>, TokenError>;
}

/// One login: signs until it is closed or dropped, which logs out.
///
/// Threads may sign at the same time and then really do so in parallel.
pub trait SigningAct: Send + Sync {
    /// Signs one input.
    ///
    /// # Errors
    /// Errors of the item leave the act usable; after [`TokenError::ends_act`] every further call gets the same error.
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError>;

    /// Signs several messages of fast keys in one hand-over; one result each, in their order.
    ///
    /// Waking a session's thread costs as much as a fast signature: a batch pays for it once.
    fn sign_many(
        &self,
        algorithm: SigningAlgorithm,
        messages: &[&[u8]],
    ) -> Vec<Result<RawSignature, TokenError>> {
        messages.iter().map(|message| self.sign(algorithm, Input::Message(message))).collect()
    }

    /// How many messages one hand-over should bring together, where each costs the person an act or the network a round
    /// trip; `None` where the pace of the key says it.
    fn together(&self) -> Option<usize> {
        None
    }

    /// Logs out and says whether that worked; dropping does the same in silence.
    ///
    /// # Errors
    /// The device's error at `C_Logout`.
    fn close(self: Box<Self>) -> Result<(), TokenError>;
}
