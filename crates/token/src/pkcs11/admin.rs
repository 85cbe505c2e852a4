//! Making a token ready: initialize, PINs, key pairs, certificates.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pkcs11::object::AttributeType;
use pkcs11::session::{Session, UserType};
use pkcs11::slot::Slot;

use super::failure::failure;
use super::limits::{Limits, Step, within};
use super::login::{Secret, ask, login};
use super::module::{Lease, Module};
use super::object::{
    ImportedKey, certificate_template, generation, private_template, public_numbers, public_of,
    public_template,
};
use super::scan::{Keys, slots, token_info};
use super::{Pkcs11Store, scan};
use crate::public_key::PublicKey;
use crate::{
    KeyImport, KeyPairSpec, Pin, PinPrompt, PinPurpose, PinSource, TokenError, TokenInfo,
    TokenSelector,
};

/// CK_TOKEN_INFO's label field.
const MAX_LABEL: usize = 32;
/// Length of a CKA_ID made here: as long as the SHA-1 that other software puts there.
const ID_LEN: u32 = 20;

impl Pkcs11Store {
    /// Erases a token and sets label, security officer's PIN and user PIN.
    ///
    /// # Errors
    /// [`TokenError::LabelTooLong`], the PIN's errors, the device's errors.
    pub fn init_token(
        &self,
        module: &Path,
        token: &TokenSelector,
        label: &str,
        so_pin: &PinSource,
        user_pin: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<TokenInfo, TokenError> {
        if label.len() > MAX_LABEL {
            return Err(TokenError::LabelTooLong { length: label.len() });
        }
        let desk = Desk::at(self, module, token)?;
        // An initialized token proves its officer by the old PIN; a new one takes this one.
        let purpose = if desk.token.initialized {
            PinPurpose::SecurityOfficer
        } else {
            PinPurpose::NewSecurityOfficer
        };
        let so_pin = typed(ask(so_pin, prompt, purpose, &desk.token)?)?;
        let user_pin = typed(ask(user_pin, prompt, PinPurpose::NewUser, &desk.token)?)?;
        let label = label.to_owned();
        let slot = desk.slot;
        let was = desk.token.clone();
        desk.work(self.limits.login, move |module, step| {
            step.at("C_InitToken");
            module.context.init_token(slot, so_pin.secret(), &label).map_err(|error| {
                use pkcs11::error::{Error, RvError};
                match error {
                    Error::Pkcs11(RvError::PinIncorrect, _) => {
                        TokenError::PinIncorrect { state: was.so_pin }
                    }
                    Error::Pkcs11(RvError::PinLenRange, _) => {
                        TokenError::PinLength { min: was.min_pin_len, max: was.max_pin_len }
                    }
                    error => failure(error),
                }
            })?;
            step.at("C_OpenSession");
            let session = module.context.open_rw_session(slot).map_err(failure)?;
            step.at("C_Login");
            login(module, slot, &session, UserType::So, &Secret::Pin(so_pin))?;
            step.at("C_InitPIN");
            let set = session.init_pin(user_pin.secret()).map_err(failure);
            step.at("C_Logout");
            session.logout().map_err(failure)?;
            set?;
            step.at("C_GetTokenInfo");
            token_info(&module.context, slot)
        })
    }

    /// Changes the user PIN.
    ///
    /// # Errors
    /// The PIN's errors, the device's errors.
    pub fn change_pin(
        &self,
        module: &Path,
        token: &TokenSelector,
        old: &PinSource,
        new: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<(), TokenError> {
        let desk = Desk::at(self, module, token)?;
        let old = typed(ask(old, prompt, PinPurpose::Login, &desk.token)?)?;
        let new = typed(ask(new, prompt, PinPurpose::NewUser, &desk.token)?)?;
        let slot = desk.slot;
        desk.work(self.limits.login, move |module, step| {
            step.at("C_OpenSession");
            let session = module.context.open_rw_session(slot).map_err(failure)?;
            // Logged in first, since a wrong old PIN is then reported with the counters.
            step.at("C_Login");
            let (old_pin, old) = (Secret::Pin(Pin::new(old.expose().to_owned())), old);
            login(module, slot, &session, UserType::User, &old_pin)?;
            step.at("C_SetPIN");
            let set = session.set_pin(old.secret(), new.secret()).map_err(failure);
            step.at("C_Logout");
            session.logout().map_err(failure)?;
            set
        })
    }

    /// Sets a new user PIN as security officer, which also unlocks a locked one.
    ///
    /// # Errors
    /// The PIN's errors, the device's errors.
    pub fn unblock_pin(
        &self,
        module: &Path,
        token: &TokenSelector,
        so_pin: &PinSource,
        new: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<(), TokenError> {
        let desk = Desk::at(self, module, token)?;
        let so_pin = ask(so_pin, prompt, PinPurpose::SecurityOfficer, &desk.token)?;
        let new = typed(ask(new, prompt, PinPurpose::NewUser, &desk.token)?)?;
        desk.logged_in(self.limits.login, UserType::So, so_pin, move |session, step| {
            step.at("C_InitPIN");
            session.init_pin(new.secret()).map_err(failure)
        })
    }

    /// Makes a key pair that cannot leave the token; the answer's SubjectPublicKeyInfo goes into a request.
    ///
    /// # Errors
    /// The PIN's errors, the device's errors, [`TokenError::KeyUnsupported`] for RSA below 2048 or above 4096 bits.
    pub fn generate_key_pair(
        &self,
        module: &Path,
        token: &TokenSelector,
        pin: &PinSource,
        prompt: &dyn PinPrompt,
        key: KeyPairSpec,
        options: &KeyOptions,
    ) -> Result<KeyImport, TokenError> {
        generation(key)?;
        let desk = Desk::at(self, module, token)?;
        let pin = ask(pin, prompt, PinPurpose::Login, &desk.token)?;
        let options = options.clone();
        desk.logged_in(self.limits.generate, UserType::User, pin, move |session, step| {
            step.at("C_GenerateRandom");
            let id = session.generate_random_vec(ID_LEN).map_err(failure)?;
            let (mechanism, numbers) = generation(key)?;
            let public = [public_template(&id, &options.label), numbers].concat();
            let private = private_template(&id, &options.label, options.always_authenticate);
            step.at("C_GenerateKeyPair");
            let (public, _) =
                session.generate_key_pair(&mechanism, &public, &private).map_err(failure)?;
            step.at("C_GetAttributeValue");
            let wanted =
                [AttributeType::Modulus, AttributeType::PublicExponent, AttributeType::EcPoint];
            let shown = session.get_attributes(public, &wanted).map_err(failure)?;
            let public = public_of(&shown, key.into()).ok_or(TokenError::ReplyMalformed {
                function: Cow::Borrowed("C_GenerateKeyPair"),
            })?;
            Ok(KeyImport { id, spki: public.to_spki()? })
        })
    }

    /// Writes a certificate under the CKA_ID of the key pair that it certifies, whatever label that has.
    ///
    /// A CA certificate has no key here; it gets an empty CKA_ID and is offered as an intermediate.
    ///
    /// # Errors
    /// [`TokenError::KeyNotFound`] where no key pair on the token is the certificate's; the PIN's and device's errors.
    pub fn import_certificate(
        &self,
        module: &Path,
        token: &TokenSelector,
        pin: &PinSource,
        prompt: &dyn PinPrompt,
        certificate: &[u8],
        label: &str,
    ) -> Result<KeyImport, TokenError> {
        let public = PublicKey::of_certificate(certificate)?;
        let spki = public.to_spki()?;
        let desk = Desk::at(self, module, token)?;
        let pin = ask(pin, prompt, PinPurpose::Login, &desk.token)?;
        let (certificate, label, limits) = (certificate.to_vec(), label.to_owned(), self.limits);
        desk.logged_in(self.limits.login, UserType::User, pin, move |session, step| {
            step.at("C_FindObjects");
            let id = match Keys::read(session, &limits)?.id_of(&public) {
                Some(id) => id,
                None if scan::is_ca(&certificate) => Vec::new(),
                None => return Err(TokenError::KeyNotFound { id: Vec::new() }),
            };
            write_certificate(session, &certificate, &id, &label, &limits, step)?;
            Ok(KeyImport { id, spki })
        })
    }

    /// Writes a private key (unencrypted PKCS#8, DER) and its public half; CKA_ID is the SHA-1 of the public key.
    ///
    /// # Errors
    /// [`TokenError::PrivateKeyMalformed`], [`TokenError::KeyUnsupported`], the PIN's and device's errors.
    pub fn import_key(
        &self,
        module: &Path,
        token: &TokenSelector,
        pin: &PinSource,
        prompt: &dyn PinPrompt,
        pkcs8: &[u8],
        options: &KeyOptions,
    ) -> Result<KeyImport, TokenError> {
        use sha1::Digest as _;
        let key = ImportedKey::of_pkcs8(pkcs8)?;
        let spki = key.public.to_spki()?;
        let id = sha1::Sha1::digest(&spki).to_vec();
        let desk = Desk::at(self, module, token)?;
        let pin = ask(pin, prompt, PinPurpose::Login, &desk.token)?;
        let options = options.clone();
        desk.logged_in(self.limits.login, UserType::User, pin, move |session, step| {
            step.at("C_CreateObject");
            let template = key.private_object(&id, &options.label, options.always_authenticate)?;
            let private = session.create_object(template.attributes()).map_err(failure)?;
            drop(template);
            let template =
                [public_template(&id, &options.label), public_numbers(&key.public)?].concat();
            if let Err(error) = session.create_object(&template) {
                // Half a pair helps nobody: the import happens or does not.
                step.at("C_DestroyObject");
                let _ = session.destroy_object(private);
                return Err(failure(error));
            }
            Ok(KeyImport { id, spki })
        })
    }
}

/// How a key is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyOptions {
    /// `CKA_LABEL`, for people.
    pub label: String,
    /// `CKA_ALWAYS_AUTHENTICATE`: the PIN is presented for every signature.
    pub always_authenticate: bool,
}

/// Writes the certificate, then removes an older one of the same key: two with one CKA_ID could not be told apart.
///
/// In this order, since a token that is full or pulled out in between must not be left without any.
fn write_certificate(
    session: &Session,
    certificate: &[u8],
    id: &[u8],
    label: &str,
    limits: &Limits,
    step: &Step,
) -> Result<(), TokenError> {
    step.at("C_FindObjects");
    let old = scan::certificates(session, limits)?;
    let old: Vec<_> = old.into_iter().filter(|it| it.id == id).collect();
    if old.iter().any(|it| it.value == certificate) {
        return Ok(());
    }
    step.at("C_CreateObject");
    session.create_object(&certificate_template(certificate, id, label)?).map_err(failure)?;
    // Without CKA_ID they are intermediates, any number of them.
    if !id.is_empty() {
        step.at("C_DestroyObject");
        for certificate in old {
            session.destroy_object(certificate.handle).map_err(failure)?;
        }
    }
    Ok(())
}

/// One token, leased for one administrative act.
struct Desk {
    lease: Lease,
    slot: Slot,
    token: TokenInfo,
    limits: Limits,
}

impl Desk {
    fn at(store: &Pkcs11Store, path: &Path, selector: &TokenSelector) -> Result<Self, TokenError> {
        let module = store.module(path)?;
        let (inner, selector) = (module.clone(), selector.clone());
        let (slot, expected) =
            within(&module.hung, &store.limits, store.limits.call, move |step| {
                select(&inner, &selector, step)
            })?;
        let lease = module.lease(slot.id(), store.limits.lease_wait)?;
        let inner = module.clone();
        let token = within(&module.hung, &store.limits, store.limits.call, move |step| {
            step.at("C_GetTokenInfo");
            token_info(&inner.context, slot)
        })?;
        if (&token.serial, &token.label) != (&expected.serial, &expected.label) {
            // Exchanged while we waited: this desk was meant for another token.
            return Err(TokenError::TokenNotPresent);
        }
        Ok(Self { lease, slot, token, limits: store.limits })
    }

    fn work<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&Arc<Module>, &Step) -> Result<T, TokenError> + Send + 'static,
    ) -> Result<T, TokenError> {
        let module = self.lease.module.clone();
        within(&self.lease.module.hung, &self.limits, limit, move |step| work(&module, step))
    }

    /// Logs in on a read-write session, works, logs out.
    fn logged_in<T: Send + 'static>(
        &self,
        limit: Duration,
        user: UserType,
        secret: Secret,
        work: impl FnOnce(&Session, &Step) -> Result<T, TokenError> + Send + 'static,
    ) -> Result<T, TokenError> {
        let slot = self.slot;
        self.work(limit, move |module, step| {
            step.at("C_OpenSession");
            let session = module.context.open_rw_session(slot).map_err(failure)?;
            step.at("C_Login");
            login(module, slot, &session, user, &secret)?;
            drop(secret);
            let result = work(&session, step);
            step.at("C_Logout");
            let logged_out = session.logout().map_err(failure);
            let value = result?;
            logged_out.map(|()| value)
        })
    }
}

/// The slot that a selector means.
pub(super) fn select(
    module: &Module,
    selector: &TokenSelector,
    step: &Step,
) -> Result<(Slot, TokenInfo), TokenError> {
    let tokens = slots(module, step)?.into_iter().filter_map(|slot| slot.token);
    let mut fitting = tokens.filter(|token| match selector {
        TokenSelector::Serial(serial) => token.initialized && token.serial == *serial,
        TokenSelector::Label(label) => token.initialized && token.label == *label,
        TokenSelector::Slot(id) => token.slot_id == *id,
        TokenSelector::Uninitialized => !token.initialized,
    });
    let token = fitting.next().ok_or(TokenError::TokenNotPresent)?;
    let others = fitting.count();
    if others > 0 && !matches!(selector, TokenSelector::Uninitialized) {
        return Err(TokenError::UriAmbiguous { matches: others + 1 });
    }
    let slot = Slot::try_from(token.slot_id)
        .map_err(|_| TokenError::ReplyMalformed { function: Cow::Borrowed("C_GetSlotList") })?;
    Ok((slot, token))
}

/// C_InitToken, C_InitPIN and C_SetPIN take their PINs as text here; pads are for logging in.
fn typed(secret: Secret) -> Result<Pin, TokenError> {
    match secret {
        Secret::Pin(pin) => Ok(pin),
        Secret::ProtectedPath => Err(TokenError::PinSourceUnsuitable),
    }
}
