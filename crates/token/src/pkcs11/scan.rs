//! What can be seen on a token without a PIN.

use std::borrow::Cow;
use std::collections::HashMap;

use pkcs11::context::Pkcs11;
use pkcs11::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use pkcs11::session::Session;
use pkcs11::slot::Slot;

use super::failure::failure;
use super::limits::{Limits, Step};
use super::mechanism::Offered;
use super::module::Module;
use crate::public_key::PublicKey;
use crate::uri::Pkcs11Uri;
use crate::{Credential, KeyMatch, PinState, SlotInfo, TokenError, TokenInfo};

/// All slots, with what is in them.
pub(super) fn slots(module: &Module, step: &Step) -> Result<Vec<SlotInfo>, TokenError> {
    step.at("C_GetSlotList");
    let slots = module.context.get_all_slots().map_err(failure)?;
    slots
        .into_iter()
        .map(|slot| {
            step.at("C_GetSlotInfo");
            let info = module.context.get_slot_info(slot).map_err(failure)?;
            step.at("C_GetTokenInfo");
            // A token can go away between the two calls: then the slot is simply empty.
            let token =
                if info.token_present() { token_info(&module.context, slot).ok() } else { None };
            Ok(SlotInfo {
                module: module.path.clone(),
                slot_id: slot.id(),
                description: info.slot_description().to_owned(),
                token,
            })
        })
        .collect()
}

/// CK_TOKEN_INFO, read anew: its flags are what a PIN dialogue shows.
pub(super) fn token_info(context: &Pkcs11, slot: Slot) -> Result<TokenInfo, TokenError> {
    let info = context.get_token_info(slot).map_err(failure)?;
    Ok(TokenInfo {
        label: info.label().to_owned(),
        manufacturer: info.manufacturer_id().to_owned(),
        model: info.model().to_owned(),
        serial: info.serial_number().to_owned(),
        slot_id: slot.id(),
        user_pin: PinState {
            count_low: info.user_pin_count_low(),
            final_try: info.user_pin_final_try(),
            locked: info.user_pin_locked(),
            to_be_changed: info.user_pin_to_be_changed(),
        },
        so_pin: PinState {
            count_low: info.so_pin_count_low(),
            final_try: info.so_pin_final_try(),
            locked: info.so_pin_locked(),
            to_be_changed: info.so_pin_to_be_changed(),
        },
        login_required: info.login_required(),
        protected_authentication_path: info.protected_authentication_path(),
        initialized: info.token_initialized(),
        user_pin_initialized: info.user_pin_initialized(),
        min_pin_len: info.min_pin_length() as u64,
        max_pin_len: info.max_pin_length() as u64,
    })
}

/// The slot that holds this very token now; slot numbers change when readers come and go.
pub(super) fn slot_of(
    module: &Module,
    token: &TokenInfo,
    step: &Step,
) -> Result<(Slot, TokenInfo), TokenError> {
    step.at("C_GetSlotList");
    for slot in module.context.get_slots_with_token().map_err(failure)? {
        step.at("C_GetTokenInfo");
        let Ok(found) = token_info(&module.context, slot) else { continue };
        if found.serial == token.serial
            && found.label == token.label
            && found.manufacturer == token.manufacturer
            && found.model == token.model
        {
            return Ok((slot, found));
        }
    }
    Err(TokenError::TokenNotPresent)
}

/// All credentials of all initialized tokens of a module; a token that fails does not hide the others.
pub(super) fn credentials(
    module: &Module,
    limits: &Limits,
    step: &Step,
) -> Result<Vec<Credential>, TokenError> {
    let mut credentials = Vec::new();
    let mut first_error = None;
    step.at("C_GetSlotList");
    for slot in module.context.get_slots_with_token().map_err(failure)? {
        let mut read = on_token(module, limits, slot, step);
        for _ in 1..READS {
            if !read.as_ref().is_err_and(is_overtaken) {
                break;
            }
            read = on_token(module, limits, slot, step);
        }
        match read {
            Ok(found) => credentials.extend(found),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(error) if credentials.is_empty() => Err(error),
        _ => Ok(credentials),
    }
}

/// How often a token is read where acts on it begin and end meanwhile.
const READS: usize = 4;

/// An act that logged out took handles of private objects away between finding and reading them (PKCS#11 2.40 §5.6, `C_Logout`).
fn is_overtaken(error: &TokenError) -> bool {
    match error {
        TokenError::Call { value, .. } => value == "CKR_OBJECT_HANDLE_INVALID",
        // SoftHSM, where the log-out comes between its own look at the object and at its attributes.
        TokenError::DeviceError { function } => function == "C_GetAttributeValue",
        _ => false,
    }
}

fn on_token(
    module: &Module,
    limits: &Limits,
    slot: Slot,
    step: &Step,
) -> Result<Vec<Credential>, TokenError> {
    step.at("C_GetTokenInfo");
    let token = token_info(&module.context, slot)?;
    if !token.initialized {
        return Ok(Vec::new());
    }
    step.at("C_OpenSession");
    let session = module.context.open_ro_session(slot).map_err(failure)?;
    step.at("C_FindObjects");
    let certificates = certificates(&session, limits)?;
    let keys = Keys::read(&session, limits)?;
    let mut credentials = Vec::new();
    for (index, certificate) in certificates.iter().enumerate() {
        // A certificate that does not parse, or of a key nobody here signs with, is no credential; it still counts
        // among the other certificates.
        let Ok(public) = PublicKey::of_certificate(&certificate.value) else { continue };
        let private = keys.private.get(&certificate.id);
        if certificate.id.is_empty()
            || (private.is_none()
                && !keys.public.contains_key(&certificate.id)
                && is_ca(&certificate.value))
        {
            continue;
        }
        step.at("C_GetMechanismList");
        let key_type = public.key_type();
        let (algorithms, needs_message) =
            Offered::read(&module.context, slot, key_type)?.algorithms(key_type);
        let others = certificates.iter().enumerate().filter(|(other, _)| *other != index);
        credentials.push(Credential {
            uri: Pkcs11Uri {
                token: Some(token.label.clone()),
                serial: Some(token.serial.clone()),
                id: Some(certificate.id.clone()),
                ..Pkcs11Uri::default()
            }
            .to_string(),
            module: module.path.clone(),
            certificate: certificate.value.clone(),
            other_certificates: others.map(|(_, other)| other.value.clone()).collect(),
            key_type,
            algorithms,
            needs_message,
            label: certificate.label.clone(),
            id: certificate.id.clone(),
            token: token.clone(),
            always_authenticate: private.map(|key| key.always_authenticate),
            key_match: keys.compare(&certificate.id, &public),
        });
    }
    Ok(credentials)
}

/// basicConstraints CA (RFC 5280 §4.2.1.9): such a certificate without a key is an intermediate, not a person's.
pub(super) fn is_ca(certificate: &[u8]) -> bool {
    use der::Decode as _;
    use x509_cert::certificate::{CertificateInner, Raw};
    let Ok(certificate) = CertificateInner::<Raw>::from_der(certificate) else { return false };
    let constraints =
        certificate.tbs_certificate().get_extension::<x509_cert::ext::pkix::BasicConstraints>();
    constraints.ok().flatten().is_some_and(|(_, constraints)| constraints.ca)
}

pub(super) struct CertificateObject {
    pub(super) handle: ObjectHandle,
    pub(super) id: Vec<u8>,
    label: String,
    pub(super) value: Vec<u8>,
}

pub(super) fn certificates(
    session: &Session,
    limits: &Limits,
) -> Result<Vec<CertificateObject>, TokenError> {
    let wanted = [AttributeType::Id, AttributeType::Label, AttributeType::Value];
    let mut certificates = Vec::new();
    for handle in objects(session, ObjectClass::CERTIFICATE, None, limits)? {
        let (mut id, mut label, mut value) = (Vec::new(), String::new(), Vec::new());
        for attribute in session.get_attributes(handle, &wanted).map_err(failure)? {
            match attribute {
                Attribute::Id(bytes) => id = bytes,
                Attribute::Label(bytes) => label = String::from_utf8_lossy(&bytes).into_owned(),
                Attribute::Value(bytes) => value = bytes,
                _ => {}
            }
        }
        certificates.push(CertificateObject { handle, id, label, value });
    }
    Ok(certificates)
}

/// The key objects of a token, by CKA_ID.
#[derive(Default)]
pub(super) struct Keys {
    private: HashMap<Vec<u8>, PrivateKey>,
    /// CKA_MODULUS or CKA_EC_POINT of the public keys.
    public: HashMap<Vec<u8>, Numbers>,
}

struct PrivateKey {
    numbers: Numbers,
    always_authenticate: bool,
}

/// The public numbers a key object shows.
#[derive(Default)]
struct Numbers {
    modulus: Vec<u8>,
    point: Vec<u8>,
}

impl Numbers {
    fn compare(&self, public: &PublicKey) -> KeyMatch {
        let equal = match public {
            PublicKey::Rsa { .. } if !self.modulus.is_empty() => public.has_modulus(&self.modulus),
            PublicKey::Ec { .. } | PublicKey::Ed25519 { .. } if !self.point.is_empty() => {
                public.has_point(&self.point)
            }
            _ => return KeyMatch::Unchecked,
        };
        if equal { KeyMatch::Matches } else { KeyMatch::Mismatch }
    }
}

impl Keys {
    /// Reads all key objects at once: a search for each certificate costs 8 ms where a token holds 500 keys.
    pub(super) fn read(session: &Session, limits: &Limits) -> Result<Self, TokenError> {
        let mut keys = Self::default();
        for handle in objects(session, ObjectClass::PUBLIC_KEY, None, limits)? {
            let (id, numbers, _) = key_attributes(session, handle)?;
            keys.public.insert(id, numbers);
        }
        for handle in objects(session, ObjectClass::PRIVATE_KEY, None, limits)? {
            let (id, numbers, always_authenticate) = key_attributes(session, handle)?;
            keys.private.insert(id, PrivateKey { numbers, always_authenticate });
        }
        Ok(keys)
    }

    /// Compares with the private key, which decides, and else with the public key object beside it.
    pub(super) fn compare(&self, id: &[u8], public: &PublicKey) -> KeyMatch {
        let private =
            self.private.get(id).map_or(KeyMatch::Unchecked, |key| key.numbers.compare(public));
        match private {
            KeyMatch::Unchecked => {
                self.public.get(id).map_or(KeyMatch::Unchecked, |numbers| numbers.compare(public))
            }
            decided => decided,
        }
    }

    /// CKA_ID of the key pair with this public key.
    pub(super) fn id_of(&self, public: &PublicKey) -> Option<Vec<u8>> {
        let private = self.private.iter().map(|(id, key)| (id, &key.numbers));
        private
            .chain(&self.public)
            .find(|(_, numbers)| numbers.compare(public) == KeyMatch::Matches)
            .map(|(id, _)| id.clone())
    }
}

/// CKA_ID, public numbers and CKA_ALWAYS_AUTHENTICATE of a key.
fn key_attributes(
    session: &Session,
    handle: ObjectHandle,
) -> Result<(Vec<u8>, Numbers, bool), TokenError> {
    let wanted = [
        AttributeType::Id,
        AttributeType::Modulus,
        AttributeType::EcPoint,
        AttributeType::AlwaysAuthenticate,
    ];
    let (mut id, mut numbers, mut always) = (Vec::new(), Numbers::default(), false);
    for attribute in session.get_attributes(handle, &wanted).map_err(failure)? {
        match attribute {
            Attribute::Id(bytes) => id = bytes,
            Attribute::Modulus(bytes) => numbers.modulus = bytes,
            Attribute::EcPoint(bytes) => numbers.point = bytes,
            Attribute::AlwaysAuthenticate(value) => always = value,
            _ => {}
        }
    }
    Ok((id, numbers, always))
}

/// The private key of a CKA_ID after login.
pub(super) struct FoundKey {
    pub(super) handle: ObjectHandle,
    /// It wants the PIN for each signature.
    pub(super) always_authenticate: bool,
    /// Matches, or shows nothing to compare.
    pub(super) key_match: KeyMatch,
}

/// Finds the private key of a CKA_ID after login and refuses one that is not the certificate's.
pub(super) fn private_key(
    session: &Session,
    limits: &Limits,
    id: &[u8],
    public: &PublicKey,
) -> Result<FoundKey, TokenError> {
    let handles = objects(session, ObjectClass::PRIVATE_KEY, Some(id), limits)?;
    let mut unmatched = 0;
    for handle in &handles {
        let (_, mut numbers, always) = key_attributes(session, *handle)?;
        if numbers.modulus.is_empty() && numbers.point.is_empty() {
            // An EC private key has no CKA_EC_POINT; the public key object of the same CKA_ID does.
            if let Some(public) =
                objects(session, ObjectClass::PUBLIC_KEY, Some(id), limits)?.first()
            {
                numbers = key_attributes(session, *public)?.1;
            }
        }
        match numbers.compare(public) {
            KeyMatch::Mismatch => unmatched += 1,
            key_match => {
                return Ok(FoundKey { handle: *handle, always_authenticate: always, key_match });
            }
        }
    }
    let id = id.to_vec();
    Err(if unmatched > 0 {
        TokenError::CertificateKeyMismatch { id }
    } else {
        TokenError::KeyNotFound { id }
    })
}

/// Handles of all objects of a class, or those with a CKA_ID.
pub(super) fn objects(
    session: &Session,
    class: ObjectClass,
    id: Option<&[u8]>,
    limits: &Limits,
) -> Result<Vec<ObjectHandle>, TokenError> {
    let mut template = vec![Attribute::Class(class), Attribute::Token(true)];
    template.extend(id.map(|id| Attribute::Id(id.to_vec())));
    let mut handles = Vec::new();
    for handle in session.iter_objects(&template).map_err(failure)? {
        if handles.len() == limits.objects {
            return Err(TokenError::ReplyMalformed { function: Cow::Borrowed("C_FindObjects") });
        }
        handles.push(handle.map_err(failure)?);
    }
    Ok(handles)
}
