//! Keys without a certificate: what a certification request is made of.

use std::path::Path;

use const_oid::ObjectIdentifier;
use der::Decode as _;
use pkcs11::object::{Attribute, AttributeType, KeyType as ObjectKeyType, ObjectClass};

use super::Pkcs11Store;
use super::admin::select;
use super::failure::failure;
use super::limits::within;
use super::object::public_of;
use super::scan::objects;
use crate::public_key::{Family, PublicKey, curve_of};
use crate::{KeyImport, PinPrompt, PinSource, SigningAct, TokenError, TokenSelector};

impl Pkcs11Store {
    /// The public keys on a token that show without a PIN, certified or not; those of other types are left out.
    ///
    /// # Errors
    /// The module's errors.
    pub fn public_keys(
        &self,
        module: &Path,
        token: &TokenSelector,
    ) -> Result<Vec<KeyImport>, TokenError> {
        let module = self.module(module)?;
        let (inner, token, limits) = (module.clone(), token.clone(), self.limits);
        within(&module.hung, &self.limits, self.limits.call, move |step| {
            let (slot, _) = select(&inner, &token, step)?;
            step.at("C_OpenSession");
            let session = inner.context.open_ro_session(slot).map_err(failure)?;
            step.at("C_FindObjects");
            let wanted = [
                AttributeType::Id,
                AttributeType::KeyType,
                AttributeType::Modulus,
                AttributeType::PublicExponent,
                AttributeType::EcParams,
                AttributeType::EcPoint,
            ];
            let mut keys = Vec::new();
            for handle in objects(&session, ObjectClass::PUBLIC_KEY, None, &limits)? {
                let shown = session.get_attributes(handle, &wanted).map_err(failure)?;
                let id = shown.iter().find_map(|it| match it {
                    Attribute::Id(id) => Some(id.clone()),
                    _ => None,
                });
                let public = family_of(&shown).and_then(|family| public_of(&shown, family));
                if let (Some(id), Some(public)) = (id, public) {
                    keys.push(KeyImport { id, spki: public.to_spki()? });
                }
            }
            Ok(keys)
        })
    }

    /// Logs in for a key that has no certificate yet, to sign the request for one.
    ///
    /// # Errors
    /// As [`crate::KeyStore::open`].
    pub fn open_key(
        &self,
        module: &Path,
        token: &TokenSelector,
        key: &KeyImport,
        source: &PinSource,
        prompt: &dyn PinPrompt,
    ) -> Result<Box<dyn SigningAct>, TokenError> {
        let public = PublicKey::of_spki(&key.spki)?;
        let module = self.module(module)?;
        let (inner, token) = (module.clone(), token.clone());
        let (slot, found) = within(&module.hung, &self.limits, self.limits.call, move |step| {
            select(&inner, &token, step)
        })?;
        self.open_slot(&module, (slot, &found), key.id.clone(), public, source, prompt)
    }
}

/// What kind of key an object says it is.
fn family_of(attributes: &[Attribute]) -> Option<Family> {
    let kind = attributes.iter().find_map(|it| match it {
        Attribute::KeyType(kind) => Some(*kind),
        _ => None,
    })?;
    match kind {
        ObjectKeyType::RSA => Some(Family::Rsa),
        ObjectKeyType::EC => {
            let parameters = attributes.iter().find_map(|it| match it {
                Attribute::EcParams(parameters) => Some(parameters),
                _ => None,
            })?;
            Some(Family::Ec(curve_of(ObjectIdentifier::from_der(parameters).ok()?)?))
        }
        ObjectKeyType::EC_EDWARDS => Some(Family::Ed25519),
        _ => None,
    }
}
